// ResLink with circulant weights: the same mathematics as shortcutlib/reslink/circulant.py.
(function (part) {
  "use strict";
  const core = globalThis.shortcutCore;
  if (!core.circulantMeasure) {
    part(core);
    core.sources.push(part.toString());
  }
})(function (core) {
  "use strict";
  const GOLDEN = 0.6180339887498949;

  function skewColumn(d, offset) {
    const column = new Float64Array(d);
    const last = Math.floor((d + 1) / 2) - 1;
    for (let m = 1; m <= last; m++) {
      const sign = (GOLDEN * (m + offset) * (m + offset)) % 1 < 0.5 ? 1 : -1;
      for (let i = 0; i < d; i++) column[i] += (2 / d) * sign * Math.sin((2 * Math.PI * m * i) / d);
    }
    return column;
  }

  function circulantStart(d, frobenius, trace) {
    const shift = (trace * frobenius * frobenius) / (d - 1);
    const left = frobenius * frobenius - shift * shift * (d - 1);
    const column = skewColumn(d, 0);
    const square = d * column.reduce((sum, x) => sum + x * x, 0);
    const alpha = Math.sqrt(left / square);
    for (let i = 0; i < d; i++) column[i] = alpha * column[i] - shift / d;
    column[0] += shift;
    return column;
  }

  const circulantTeacher = (d, spectral) => skewColumn(d, 0.5).map((x) => spectral * x);

  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

  // Products of all columns on the left with the first column on the right.
  function products(left, right) {
    const d = left.length, found = new Float64Array(d);
    for (let i = 0; i < d; i++) {
      let sum = 0;
      for (let k = 0; k < i; k++) sum += left[k - i + d] * right[k];
      for (let k = i; k < d; k++) sum += left[k - i] * right[k];
      found[i] = sum;
    }
    return found;
  }

  function distanceBetween(u, v, sign) {
    return Math.sqrt(u.reduce((sum, x, i) => sum + (x + sign * v[i]) ** 2, 0));
  }

  // A teacher's part of the loss never changes in a run.
  function circulantTruth(column) {
    const q = Float64Array.from(column);
    q[0] += 1;
    const aim = Math.sqrt(dot(q, q));
    let own = Math.PI;
    products(q, q).forEach((product, i) => {
      if (i === 0) return;
      const cosine = Math.min(1, Math.max(-1, product / (aim * aim))), angle = Math.acos(cosine);
      own += Math.sin(angle) + (Math.PI - angle) * cosine;
    });
    return { column, q, aim, own: own * aim * aim };
  }

  function circulantMeasure(column, truth) {
    const d = column.length, p = Float64Array.from(column);
    p[0] += 1;
    const { q, aim } = truth, length = Math.sqrt(dot(p, p));
    const gradient = new Float64Array(d);
    let along = 0, value = truth.own;
    for (const [sign, left, size] of [[1, p, length], [-1, q, aim]]) {
      const product = products(left, p);
      for (let i = 0; i < d; i++) {
        let cosine = Math.min(1, Math.max(-1, product[i] / (size * length)));
        let angle = Math.acos(cosine);
        if (i === 0 && sign > 0) [angle, cosine] = [0, 1];
        else if (i === 0 && cosine > 0.99) {
          // The arc cosine loses half the digits where student and teacher nearly agree.
          const u = p.map((x) => x / length), v = q.map((x) => x / aim);
          angle = 2 * Math.atan2(distanceBetween(u, v, -1), distanceBetween(u, v, 1));
        }
        const sine = Math.sin(angle), rest = Math.PI - angle;
        along += sign * size * sine;
        value += (1.5 * sign - 0.5) * size * length * (sine + rest * cosine);
        const weight = sign * rest;
        for (let k = 0; k < i; k++) gradient[k] += weight * left[k - i + d];
        for (let k = i; k < d; k++) gradient[k] += weight * left[k - i];
      }
    }
    let squared = 0, inner = 0, longer = 0;
    for (let i = 0; i < d; i++) {
      gradient[i] = (gradient[i] + p[i] * (along / length)) / Math.PI;
      const away = truth.column[i] - column[i];
      squared += away * away;
      inner -= gradient[i] * away;
      longer += away * (p[i] + q[i]);
    }
    return { distance: Math.sqrt(d * squared), inner: d * inner,
      potential: (d * longer) / (length + aim), loss: (d * Math.max(value, 0)) / (2 * Math.PI),
      gradient };
  }

  // A whole descent; from iteration 200 on only about every fiftieth in each e-fold is kept.
  function circulantDescend(start, truth, rate, iterations, all = false) {
    let column = Float64Array.from(start);
    const path = { iteration: [], distance: [], inner: [], potential: [], loss: [] };
    let next = 0, first = null;
    for (let i = 0; ; i++) {
      const here = circulantMeasure(column, truth);
      if (first === null) first = here.distance;
      const stop = i >= iterations || (!all && (here.distance <= 1e-5 * first ||
        !(here.distance < 1e3 * (1 + first))));
      if (i >= next || stop) {
        path.iteration.push(i);
        for (const name of ["distance", "inner", "potential", "loss"]) path[name].push(here[name]);
        next = all || i < 200 ? i + 1 : Math.floor(i * 1.02) + 1;
      }
      if (stop) return path;
      column = column.map((x, k) => x - rate * here.gradient[k]);
    }
  }

  Object.assign(core, { circulantDescend, circulantMeasure, circulantStart, circulantTeacher,
    circulantTruth });
});

// The explorer: the plane of starts, and what happens from the one that is chosen.
(() => {
  "use strict";
  if (!globalThis.shortcutExplorers) return;
  const { Panel, clamp, define, digits } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const SPEED = 6000; // milliseconds for the whole run
  const COLUMNS = 40, ROWS = 22;

  define("phases", (explorer) => {
    const { values, controls } = explorer;
    const plane = new Panel(explorer, { moves: true, title: "Start W₀: drag it",
      alt: "Starts by trace and size; hatched where the gradient points away from the teacher",
      keys: [["se-spurious", "hatched: points away"]] });
    const early = new Panel(explorer, { title: "Inner product and potential",
      alt: "Inner product and potential against iterations",
      keys: [["se-global", "⟨−∇L, W* − W⟩"], ["se-spurious se-dashed", "g"]] });
    const late = new Panel(explorer, { title: "Distance and loss",
      alt: "Distance to the teacher and loss against iterations",
      keys: [["se-student se-dotdash", "‖W − W*‖"], ["se-ink", "loss"]] });
    const range = (name) => controls.get(name);
    const place = plane.handle({
      label: "start of training",
      moved: (x, y) => explorer.set({
        trace: Number(clamp(x, range("trace").low, range("trace").high).toFixed(3)),
        size: Number(clamp(y, range("size").low, range("size").high).toFixed(3)),
      }),
      nudged: (dx, dy) => explorer.set({
        trace: Number((values.trace + 0.01 * dx).toFixed(3)),
        size: Number((values.size + 0.01 * dy).toFixed(3)),
      }),
    });

    // Play moves the iteration evenly in the logarithm.
    let playing = 0, last = 1;
    const button = explorer.button("▶ Play", () => (playing ? pause() : play()));
    explorer.bar.append(button, explorer.nodes.get("iteration"));
    function pause() {
      cancelAnimationFrame(playing);
      playing = 0;
      button.textContent = "▶ Play";
    }
    function play() {
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
        explorer.set({ iteration: last });
        return;
      }
      const whole = Math.log(last + 1);
      let done = values.iteration >= last ? 0 : Math.log(values.iteration + 1) / whole;
      let before = performance.now();
      button.textContent = "⏸ Pause";
      const tick = (now) => {
        done = Math.min(1, done + Math.max(0, now - before) / SPEED);
        before = now;
        explorer.set({ iteration: Math.round(Math.exp(done * whole) - 1) });
        if (done >= 1) pause();
        else playing = requestAnimationFrame(tick);
      };
      playing = requestAnimationFrame(tick);
    }

    const problemOf = (v) => ({
      truth: core.circulantTruth(core.circulantTeacher(v.d, v.teacher)),
      start: core.circulantStart(v.d, v.size * Math.sqrt(v.d), v.trace),
    });

    // The run depends on everything but the iteration shown; while sliders move it is shorter.
    let made = "", path;
    function compute(v, fine) {
      const signature = JSON.stringify({ ...v, iteration: 0 });
      if (made === `${signature} fine` || (made === signature && !fine)) return;
      made = fine ? `${signature} fine` : signature;
      const { truth, start } = problemOf(v);
      const longest = fine ? range("iteration").high : 600;
      path = core.circulantDescend(start, truth, v.rate / v.d, longest);
      last = path.iteration[path.iteration.length - 1];
    }

    // Starts at which the inner product is negative, cell by cell.
    let mapped = "", cells = [];
    function map(v, fine) {
      const signature = JSON.stringify([v.d, v.teacher]);
      if (mapped === signature || !fine) return;
      mapped = signature;
      const truth = core.circulantTruth(core.circulantTeacher(v.d, v.teacher));
      const [t, s] = [range("trace"), range("size")];
      cells = [];
      for (let row = 0; row < ROWS; row++) {
        for (let column = 0; column < COLUMNS; column++) {
          const x = t.low + ((column + 0.5) / COLUMNS) * (t.high - t.low);
          const y = s.low + ((row + 0.5) / ROWS) * (s.high - s.low);
          const start = core.circulantStart(v.d, y * Math.sqrt(v.d), x);
          if (core.circulantMeasure(start, truth).inner < 0) cells.push([column, row]);
        }
      }
    }

    function drawPlane(v) {
      const [t, s] = [range("trace"), range("size")];
      plane.begin({ low: t.low, high: t.high, label: "trace ÷ ‖W₀‖²" },
        { low: s.low, high: s.high, label: "‖W₀‖ ÷ √d" });
      const { left, right, top, bottom } = plane.frame;
      const w = (right - left) / COLUMNS, h = (bottom - top) / ROWS;
      // Neighbours in a row become one rectangle.
      let d = "";
      for (let i = 0; i < cells.length; ) {
        let n = 1;
        while (i + n < cells.length && cells[i + n][1] === cells[i][1] &&
          cells[i + n][0] === cells[i][0] + n) n++;
        const x = left + cells[i][0] * w, y = bottom - (cells[i][1] + 1) * h;
        d += `M${x.toFixed(1)},${y.toFixed(1)}h${(n * w).toFixed(1)}v${h.toFixed(1)}` +
          `h${(-n * w).toFixed(1)}Z`;
        i += n;
      }
      if (d && mapped === JSON.stringify([v.d, v.teacher])) plane.hatch("away", d);
      plane.end();
      place(v.trace, v.size, `trace ${digits(v.trace)}, size ${digits(v.size)}`);
    }

    const index = (iteration) => {
      const i = path.iteration.findIndex((x) => x >= iteration);
      return i < 0 ? path.iteration.length - 1 : i;
    };

    function draw(v, fine) {
      compute(v, fine);
      map(v, fine);
      drawPlane(v);
      const x = path.iteration.map((i) => i + 1), now = index(v.iteration);
      const axis = { low: 1, high: Math.max(100, last + 1), log: true, label: "iterations + 1" };
      const turn = path.inner.findIndex((y) => y > 0);
      const all = [...path.inner, ...path.potential, 0].filter(Number.isFinite);
      const low = Math.max(-1e4, Math.min(...all)), high = Math.min(1e4, Math.max(...all));
      const room = 0.08 * (high - low) + 1e-9;
      early.begin(axis, { low: low - room, high: high + room });
      const end = turn < 0 ? last + 1 : x[turn];
      if (turn !== 0) early.band("phase", "se-shade", 1, end);
      early.line("zero", "se-thin", [1, axis.high], [0, 0]);
      early.line("inner", "se-global", x, path.inner);
      early.line("potential", "se-spurious se-dashed", x, path.potential);
      early.mark("inner now", "se-global", "circle", x[now], path.inner[now]);
      early.mark("potential now", "se-spurious", "cross", x[now], path.potential[now]);
      early.end();
      const biggest = Math.max(path.distance[0], path.loss[0], 1e-3);
      late.begin(axis, { low: 1e-6, high: 10 ** Math.ceil(Math.log10(biggest) + 0.3), log: true });
      if (turn !== 0) late.band("phase", "se-shade", 1, end);
      late.line("distance", "se-student se-dotdash", x, path.distance);
      late.line("loss", "se-ink", x, path.loss);
      late.mark("distance now", "se-student", "square", x[now], path.distance[now]);
      late.mark("loss now", "se-ink", "circle", x[now], path.loss[now]);
      late.end();
      explorer.found = { path, turn: turn < 0 ? null : path.iteration[turn], cells: cells.length };

      const at = (i) => `g = ${digits(path.potential[i])}, distance ${digits(path.distance[i])}`;
      const begin = `At first the inner product is ${digits(path.inner[0])}: the gradient points ` +
        (path.inner[0] < 0 ? "away from" : "towards") + ` the teacher; ${at(0)}. `;
      const middle = turn === 0 ? "There is no phase of wrong directions. "
        : turn < 0 ? "It does not turn positive in this run. "
          : `It turns positive at step ${path.iteration[turn].toLocaleString("en")}: ${at(turn)}. `;
      return begin + middle +
        `Step ${path.iteration[now].toLocaleString("en")} of ${last.toLocaleString("en")}: ` +
        `${at(now)}, inner product ${digits(path.inner[now])}, loss ${digits(path.loss[now])}.`;
    }
    return { draw, fine: true, dispose: pause };
  });
})();
