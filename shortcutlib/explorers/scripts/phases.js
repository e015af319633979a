// Two phases of ResLink: the plane of starts, and what happens from the one that is chosen.
(() => {
  "use strict";
  const { Job, Panel, clamp, define, digits, timeline } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const COLUMNS = 40, ROWS = 22;
  // Multiplications of a run while a slider moves: a few milliseconds.
  const BUDGET = 1400000;

  // Either a run, or the cells of the plane whose starts have a negative inner product.
  function work(core, { d, teacher, start, rate, iterations, plane }, tell) {
    const truth = core.circulantTruth(core.circulantTeacher(d, teacher));
    if (start) tell(core.circulantDescend(core.circulantStart(d, ...start), truth, rate, iterations));
    if (!plane) return;
    const { columns, rows, traces, sizes } = plane, cells = [];
    const at = ([low, high], share) => low + share * (high - low);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const trace = at(traces, (column + 0.5) / columns), size = at(sizes, (row + 0.5) / rows);
        const from = core.circulantStart(d, size * Math.sqrt(d), trace);
        if (core.circulantMeasure(from, truth).inner < 0) cells.push([column, row]);
      }
    }
    tell(cells);
  }

  define("phases", (explorer) => {
    const { values, controls } = explorer;
    const plane = new Panel(explorer, { moves: true, title: "Start W₀: drag it",
      alt: "Starts by trace and size; hatched where the gradient points away from the teacher",
      keys: [["", "points away", "hatch"]] });
    const early = new Panel(explorer, { title: "Inner product and potential",
      alt: "Inner product and potential against iterations",
      keys: [["se-global", "⟨−∇L, W* − W⟩"], ["se-spurious se-dashed", "g"],
        ["se-shade", "points away", "area"]] });
    const late = new Panel(explorer, { title: "Distance and loss",
      alt: "Distance to the teacher and loss against iterations",
      keys: [["se-student se-dotdash", "‖W − W*‖"], ["se-ink", "loss"],
        ["se-shade", "points away", "area"]] });
    const [t, s] = [controls.get("trace"), controls.get("size")];
    const place = plane.handle({
      label: "start of training",
      moved: (x, y) => explorer.set({ trace: Number(clamp(x, t.low, t.high).toFixed(3)),
        size: Number(clamp(y, s.low, s.high).toFixed(3)) }),
      nudged: (dx, dy) => explorer.set({ trace: Number((values.trace + 0.01 * dx).toFixed(3)),
        size: Number((values.size + 0.01 * dy).toFixed(3)) }),
    });
    const pause = timeline(explorer, () => last);

    // The run depends on everything but the iteration shown.  While a slider moves only its
    // beginning is drawn; the worker makes the whole, and the plane.
    let made = "", path, last = 1, whole = true, mapped = "", cells = [];
    const run = new Job(explorer, work, (found, { signature }) => {
      if (signature === made) take(found, true);
    });
    const map = new Job(explorer, work, (found, { signature }) => {
      [mapped, cells] = [signature, found];
    });
    function take(found, complete) {
      path = { ...found, x: found.iteration.map((i) => i + 1) };
      last = path.iteration[path.iteration.length - 1];
      whole = complete;
    }
    function compute(v, fine) {
      const signature = JSON.stringify({ ...v, iteration: 0 });
      const question = { signature, d: v.d, teacher: v.teacher, rate: v.rate / v.d,
        start: [v.size * Math.sqrt(v.d), v.trace], iterations: controls.get("iteration").high };
      if (made !== signature) {
        run.stop();
        made = signature;
        const iterations = Math.floor(BUDGET / (4 * v.d * (v.d + 10)));
        work(core, { ...question, iterations }, (found) =>
          take(found, found.iteration.at(-1) < iterations));
      }
      if (!fine) return;
      if (!whole && !run.busy && !run.ask(question)) whole = true;
      const world = JSON.stringify([v.d, v.teacher]);
      if (mapped === world || (map.busy && map.question.signature === world)) return;
      map.ask({ signature: world, d: v.d, teacher: v.teacher, plane: { columns: COLUMNS, rows: ROWS,
        traces: [t.low, t.high], sizes: [s.low, s.high] } });
    }

    function drawPlane(v) {
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

    function draw(v, fine) {
      compute(v, fine);
      drawPlane(v);
      const { x } = path, turn = path.inner.findIndex((y) => y > 0);
      const found = path.iteration.findIndex((i) => i >= v.iteration);
      const now = found < 0 ? x.length - 1 : found;
      const axis = { low: 1, high: Math.max(100, last + 1), log: true, label: "iterations + 1" };
      const begin = (panel, y) => {
        panel.begin(axis, y);
        if (turn === 0) return;
        const end = turn < 0 ? last + 1 : x[turn];
        panel.band("phase", "se-shade", 1, end);
      };
      const all = [...path.inner, ...path.potential, 0].filter(Number.isFinite);
      const low = Math.max(-1e4, Math.min(...all)), high = Math.min(1e4, Math.max(...all));
      const room = 0.08 * (high - low) + 1e-9;
      begin(early, { low: low - room, high: high + room });
      early.line("zero", "se-thin", [1, axis.high], [0, 0]);
      early.line("inner", "se-global", x, path.inner);
      early.line("potential", "se-spurious se-dashed", x, path.potential);
      early.mark("inner now", "se-global", "circle", x[now], path.inner[now]);
      early.mark("potential now", "se-spurious", "cross", x[now], path.potential[now]);
      early.end();
      const biggest = Math.max(path.distance[0], path.loss[0], 1e-3);
      begin(late, { low: 1e-6, high: 10 ** Math.ceil(Math.log10(biggest) + 0.3), log: true });
      late.line("distance", "se-student se-dotdash", x, path.distance);
      late.line("loss", "se-ink", x, path.loss);
      late.mark("distance now", "se-student", "square", x[now], path.distance[now]);
      late.mark("loss now", "se-ink", "circle", x[now], path.loss[now]);
      late.end();
      explorer.found = { path, turn: turn < 0 ? null : path.iteration[turn], cells, whole };

      const at = (i) => `g = ${digits(path.potential[i])}, distance ${digits(path.distance[i])}`;
      const beginning = `At first the inner product is ${digits(path.inner[0])}: the gradient points ` +
        (path.inner[0] < 0 ? "away from" : "towards") + ` the teacher; ${at(0)}. `;
      const middle = turn === 0 ? "There is no phase of wrong directions. "
        : turn < 0 ? whole ? "It does not turn positive in this run. " : ""
          : `It turns positive at step ${path.iteration[turn].toLocaleString("en")}: ${at(turn)}. `;
      return beginning + middle + `Step ${path.iteration[now].toLocaleString("en")} of ` +
        `${whole ? last.toLocaleString("en") : "a run that is being computed"}: ` +
        `${at(now)}, inner product ${digits(path.inner[now])}, loss ${digits(path.loss[now])}.`;
    }
    return { draw, fine: true, dispose: pause };
  });
})();
