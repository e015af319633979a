// The border between the basins over s and phi: a sheet that can be turned, and one run.
(() => {
  "use strict";
  const { Job, MARKS, Panel, clamp, define, digits, svg } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const PI = Math.PI, SIZE = 340, TALL = 320, REACH = 92;
  // What the worker is asked for while a slider moves, and then.
  const COARSE = { rows: 5, columns: 9, halvings: 7, patience: 10000 };
  const FINE = { rows: 11, columns: 21, halvings: 10, patience: 100000 };
  const RUN = { iterations: 300000, growth: 1.04, tolerance: 1e-5, budget: 20000 };

  // Teacher and steps that the parameters describe, as in the Python class; N = 1.
  function problemOf(v) {
    const numbers = [v.k, Math.sqrt(Math.min(v.share, 0.98 * v.k)), 1, PI / 2];
    const output = Math.min(0.3 / (v.k + PI - 1), 0.1 / v.ratio);
    const phases = [{ output, filter: v.ratio * output, iterations: null }];
    return { numbers, phases, t: core.teacher(...numbers) };
  }

  function work(core, { numbers, phases, sums, angles, options }, tell) {
    const t = core.teacher(...numbers);
    tell(core.borderSheet(t, phases, sums.map((sum) => sum * t.total), angles, options));
  }

  const grid = (low, high, n) => Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

  define("surface", (explorer) => {
    const { values, controls } = explorer, { largest } = explorer.extra;
    const { low, high } = controls.get("output_sum"), SUMS = [low, high];
    const HIGH = controls.get("alignment").high;
    const panel = new Panel(explorer, { title: "Drag to turn", alt:
      "The border between the basins in three dimensions; arrow keys turn and tilt it",
      keys: [["se-sheet", "border", "area"], ["se-global", "run to the optimum"],
        ["se-spurious se-dashed", "run to the trap"]] });
    const { root } = panel;
    root.classList.add("se-turn");
    root.setAttribute("role", "application");
    root.setAttribute("tabindex", "0");
    root.setAttribute("data-lm-suppress-shortcuts", "true");
    explorer.panels.classList.add("se-wide");

    const wrap = (angle) => ((((angle + 180) % 360) + 360) % 360) - 180;
    const turned = (dx, dy) => explorer.set({ turn: Math.round(wrap(values.turn + dx)),
      tilt: Math.round(clamp(values.tilt + dy, -90, 90)) });
    let from = null;
    root.addEventListener("pointerdown", (event) => {
      root.setPointerCapture(event.pointerId);
      root.focus({ preventScroll: true });
      from = [event.clientX, event.clientY];
      event.preventDefault();
    });
    root.addEventListener("pointermove", (event) => {
      if (!from || !root.hasPointerCapture(event.pointerId)) return;
      const dx = Math.round((event.clientX - from[0]) / 2);
      // A finger only turns: up and down it scrolls the page.
      const dy = event.pointerType === "touch" ? 0 : Math.round((event.clientY - from[1]) / 2);
      if (!dx && !dy) return;
      from = [from[0] + 2 * dx, from[1] + 2 * dy];
      turned(-dx, dy);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      root.addEventListener(end, () => { from = null; });
    }
    root.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1],
        ArrowDown: [0, -1] }[event.key];
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      turned(way[0] * (event.shiftKey ? 15 : 3), way[1] * (event.shiftKey ? 15 : 3));
    });

    // The sheet depends on the problem alone.  The one before stays, pale, until the next is there.
    let sheet = null, coarse = "", fineOne = "";
    const job = new Job(explorer, work, (heights, { key, fine, sums, angles }) => {
      sheet = { key, fine, sums, angles, heights };
    });
    function ask(key, { numbers, phases }, { rows, columns, halvings, patience }, fine) {
      const angles = grid(0.03, 0.97, columns).map((x) => x * PI);
      const options = { largest, halvings, patience };
      const question = { key, fine, numbers, phases, sums: grid(...SUMS, rows), angles, options };
      // Without a worker there is only the coarse sheet.
      if (!job.ask(question, !fine) && !fine) work(core, question, (found) => job.heard(found, question));
    }
    function compute(key, problem, fine) {
      if (coarse !== key) {
        [coarse, fineOne] = [key, ""];
        ask(key, problem, COARSE, false);
      } else if (fine && fineOne !== key) {
        fineOne = key;
        ask(key, problem, FINE, true);
      }
    }

    function draw(v, fine) {
      const problem = problemOf(v), { t, phases } = problem;
      const key = `${v.k} ${v.share} ${v.ratio}`, trap = core.spuriousIsMinimum(t);
      if (trap) compute(key, problem, fine);
      else job.stop();
      const turn = (v.turn * PI) / 180, tilt = (v.tilt * PI) / 180;
      const ca = Math.cos(turn), sa = Math.sin(turn), ce = Math.cos(tilt), se = Math.sin(tilt);
      // (phi, s/S, q/N) to the screen, and the depth towards the eye.
      const project = (phi, sum, q) => {
        const x = (2 * phi) / PI - 1, y = (2 * (sum - SUMS[0])) / (SUMS[1] - SUMS[0]) - 1, z = q / HIGH;
        return [SIZE / 2 + REACH * (-sa * x + ca * y),
          TALL / 2 - REACH * (-se * ca * x - se * sa * y + ce * z),
          ce * ca * x + ce * sa * y + se * z];
      };
      const at = (p) => `${p[0].toFixed(1)},${p[1].toFixed(1)}`;
      const pieces = [], texts = [];
      const cut = (q) => clamp(q, -HIGH, HIGH);
      const label = (x, y, words, look) => {
        const node = svg("text", { x: x.toFixed(1), y: (y + 4).toFixed(1), class: `se-text ${look}`,
          "text-anchor": "middle" });
        node.textContent = words;
        texts.push(node);
      };

      const shown = trap ? sheet : null, look = shown && shown.key !== key ? "se-sheet se-pale" : "se-sheet";
      const { sums = [], angles = [], heights = [] } = shown ?? {};
      for (let i = 0; i + 1 < sums.length; i++) {
        for (let j = 0; j + 1 < angles.length; j++) {
          const four = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]];
          const q = four.map(([m, n]) => heights[m][n]);
          if (q.some(Number.isNaN) || q.every((x) => Math.abs(x) >= HIGH)) continue;
          const corners = four.map(([m, n], c) => project(angles[n], sums[m], cut(q[c])));
          const depth = corners.reduce((sum, p) => sum + p[2], 0) / 4;
          pieces.push([depth, look, `M${corners.map(at).join("L")}Z`]);
        }
      }
      // The run goes behind or before the sheet, piece by piece; dashed where it ends in the trap.
      const start = [v.output_sum * t.total, v.alignment, v.angle * PI, 0, 1];
      const run = core.glance(t, start, phases, RUN), won = run.stop === 1;
      const points = run.path.phi.map((phi, i) => [phi, run.path.s[i] / t.total, run.path.q[i]])
        .map(([phi, sum, q]) => project(phi, clamp(sum, ...SUMS), cut(q)));
      for (let i = 0, length = 0; i + 1 < points.length; i++) {
        const [a, b] = [points[i], points[i + 1]];
        length += Math.hypot(a[0] - b[0], a[1] - b[1]);
        if (!won && length % 11 > 7) continue;
        pieces.push([(a[2] + b[2]) / 2 + 0.02, `se-line ${won ? "se-global" : "se-spurious"}`,
          `M${at(a)}L${at(b)}`]);
      }
      const mark = (p, kind, shape) => pieces.push([p[2] + 0.05, `se-mark ${kind}`, MARKS[shape],
        `translate(${at(p)})`]);
      mark(points[0], "se-ink", "square");
      mark(project(0, 1, 1), "se-global", "circle");
      if (trap) {
        mark(project(PI, core.spuriousSum(t) / t.total, core.spuriousAlignment(t)), "se-spurious",
          "cross");
      }
      pieces.sort((a, b) => a[0] - b[0]);

      const nodes = [];
      const edges = (phis, qs) => {
        const corner = (a, b, c) => at(project(phis[a], SUMS[b], qs[c]));
        return [[0, 0], [0, 1], [1, 0], [1, 1]].map(([a, b]) =>
          `M${corner(0, a, b)}L${corner(1, a, b)}M${corner(a, 0, b)}L${corner(a, 1, b)}` +
          `M${corner(a, b, 0)}L${corner(a, b, 1)}`).join("");
      };
      for (const [name, kind, phis, qs] of [["R₁", "se-global", [0, PI / 2], [0, HIGH]],
        ["R₂", "se-spurious se-dashed", [PI / 2, PI], [-HIGH, 0]]]) {
        nodes.push(svg("path", { d: edges(phis, qs), class: `se-line se-edge ${kind}` }));
        const [x, y] = project((phis[0] + phis[1]) / 2, SUMS[1], (qs[0] + qs[1]) / 2);
        label(x, y, name, kind);
      }
      // Each axis along the outermost of its four edges, with an arrow and its words outside.
      const whole = [[0, PI], SUMS, [-HIGH, HIGH]], centre = project(PI / 2, (low + high) / 2, 0);
      [["φ", "0", "π", 1], ["s/S", digits(low), digits(high), 1],
        ["q/N", digits(-HIGH), digits(HIGH), 0]].forEach(([name, first, last, way], axis) => {
        let best = null;
        for (let corner = 0; corner < 4; corner++) {
          const place = (end) => project(...whole.map((range, i) =>
            range[i === axis ? end : (corner >> ((i - axis + 2) % 3)) & 1]));
          const [a, b] = [place(0), place(1)];
          const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
          // The lowest on the screen, or for q the leftmost.
          const rank = way ? middle[1] : -middle[0];
          if (!best || rank > best.rank + 1e-9) best = { rank, a, b, middle };
        }
        const { a, b, middle } = best;
        const away = [middle[0] - centre[0], middle[1] - centre[1]];
        const far = Math.hypot(...away) || 1, out = [(17 * away[0]) / far, (17 * away[1]) / far];
        const long = Math.hypot(b[0] - a[0], b[1] - a[1]);
        if (long < 30) return; // seen from its end
        const [ux, uy] = [(b[0] - a[0]) / long, (b[1] - a[1]) / long];
        const wing = (side) => at([b[0] - 8 * ux - 4 * side * uy, b[1] - 8 * uy + 4 * side * ux]);
        nodes.push(svg("path", { class: "se-axis", d: `M${at(a)}L${at(b)}M${wing(1)}L${at(b)}L${wing(-1)}` }));
        for (const [share, words] of [[0.04, first], [0.5, name], [0.96, last]]) {
          label(clamp(a[0] + share * (b[0] - a[0]) + out[0], 14, SIZE - 14),
            a[1] + share * (b[1] - a[1]) + out[1], words, "se-quiet");
        }
      });
      nodes.push(...pieces.map(([, kind, d, transform = ""]) => svg("path", { d, class: kind, transform })),
        ...texts);
      panel.beginFree(SIZE, TALL);
      root.style.setProperty("--se-text", `${((13 * SIZE) / Math.min(panel.size()[0], 544)).toFixed(1)}px`);
      panel.layer.replaceChildren(...nodes);

      const code = core.judge(t, phases, false, FINE.patience)(start[0], start[1], start[2])[0];
      const first = v.alignment > 0 && v.angle < 0.5, second = v.alignment < 0 && v.angle > 0.5;
      const where = first ? "in R₁" : second ? "in R₂" : "in neither quarter";
      const end = [`has not decided after ${FINE.patience.toLocaleString("en")} steps`,
        "reaches the global optimum", "is trapped", "diverges"][code];
      const inner = first && v.output_sum <= 1 ? ", and in its invariant part s S ≤ S²" : "";
      const odd = (first && code === 2) || (second && code === 1)
        ? " So that quarter is no basin of attraction." : "";
      const current = shown && shown.key === key, flat = heights.flat();
      const open = flat.filter(Number.isNaN).length;
      explorer.found = { heights, sums, angles, code, trap, fine: Boolean(current && shown.fine) };
      const limit = (v.k + PI - 1) / PI;
      const told = !trap
        ? `S²/N = ${digits(t.total ** 2)} is not below (k + π − 1)/π = ${digits(limit)}: the spurious ` +
          "point is no minimum, so there is no trap and no border."
        : !current ? "The border is being computed."
          : "Below the sheet every start is trapped, above it every start succeeds." +
            (open ? ` At ${open} of ${flat.length} places of the sheet the starts near the border ` +
              `${shown.fine ? `have not decided after ${FINE.patience.toLocaleString("en")} steps` :
                "have not decided yet"}: it has holes there.` : "");
      return `The start s = ${digits(v.output_sum)} S, φ = ${digits(v.angle)} π, ` +
        `q = ${digits(v.alignment)} N lies ${where}${inner}; its run ${end}.${odd} ${told}`;
    }
    return { draw, fine: true };
  });
})();
