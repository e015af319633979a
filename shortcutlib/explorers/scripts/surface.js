// The border between the basins over s and phi: a sheet that can be turned, and one run.
(() => {
  "use strict";
  const { clamp, define, digits, make } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const PI = Math.PI, NAMESPACE = "http://www.w3.org/2000/svg";
  const LARGEST = 2.5, HIGH = 1.5, SUMS = [-1, 4], PATIENCE = 400000;
  const SIZE = 340, TALL = 320, REACH = 102;

  function svg(tag, attributes = {}) {
    const node = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  // Teacher and steps that the parameters describe; N = 1.
  function problemOf(v) {
    const t = core.teacher(v.k, Math.sqrt(Math.min(v.share, 0.98 * v.k)), 1, PI / 2);
    const output = Math.min(0.3 / (v.k + PI - 1), 0.1 / v.ratio);
    return { t, phases: [{ output, filter: v.ratio * output, iterations: null }] };
  }

  // q*/N on a grid; rises with phi, so each place starts from the one before.
  function sheet({ t, phases }, sums, angles, halvings) {
    const decide = core.judge(t, phases, false, PATIENCE);
    return sums.map((sum) => {
      let low = -LARGEST;
      return angles.map((angle) => {
        const fails = (q) => decide(sum * t.total, q, angle)[0] !== 1;
        if (!fails(low)) return low === -LARGEST ? -Infinity : low;
        let a = low, b = LARGEST;
        if (fails(b)) return Infinity;
        for (let i = 0; i < halvings; i++) {
          const middle = (a + b) / 2;
          if (fails(middle)) a = middle;
          else b = middle;
        }
        low = a;
        return (a + b) / 2;
      });
    });
  }

  const grid = (low, high, n) => Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

  define("surface", (explorer) => {
    const { values } = explorer;
    const root = svg("svg", { viewBox: `0 0 ${SIZE} ${TALL}`, class: "se-turn", tabindex: "0",
      role: "application", "aria-label":
        "The border between the basins in three dimensions; arrow keys turn and tilt it",
      "data-lm-suppress-shortcuts": "true" });
    const stage = make("div", { class: "se-stage" });
    stage.append(root);
    const box = make("div", { class: "se-panel" });
    box.append(make("p", { class: "se-panel-title" }, "Drag to turn"), stage);
    explorer.panels.append(box);

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
      const dx = Math.round((event.clientX - from[0]) / 2), dy = Math.round((event.clientY - from[1]) / 2);
      if (!dx && !dy) return;
      from = [from[0] + 2 * dx, from[1] + 2 * dy];
      turned(-dx, dy);
    });
    root.addEventListener("pointerup", () => { from = null; });
    root.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1],
        ArrowDown: [0, -1] }[event.key];
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      turned(way[0] * (event.shiftKey ? 15 : 3), way[1] * (event.shiftKey ? 15 : 3));
    });

    // The sheet depends on the problem alone: coarse while a slider moves, then fine.
    let made = "", found = null;
    function compute(v, fine) {
      const signature = `${v.k} ${v.share} ${v.ratio} `;
      if (made === `${signature}true` || made === `${signature}${fine}`) return;
      made = `${signature}${fine}`;
      const problem = problemOf(v);
      const sums = grid(...SUMS, fine ? 11 : 5), angles = grid(0.03, 0.97, fine ? 21 : 9).map((x) => x * PI);
      found = { ...problem, sums, angles, heights: sheet(problem, sums, angles, fine ? 10 : 7) };
    }

    function draw(v, fine) {
      compute(v, fine);
      const { t, phases, sums, angles, heights } = found;
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
      const pieces = [];
      const cut = (q) => clamp(q, -HIGH, HIGH);
      for (let i = 0; i + 1 < sums.length; i++) {
        for (let j = 0; j + 1 < angles.length; j++) {
          const four = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]];
          const q = four.map(([m, n]) => heights[m][n]);
          if (q.every((x) => Math.abs(x) >= HIGH)) continue;
          const corners = four.map(([m, n], c) => project(angles[n], sums[m], cut(q[c])));
          const depth = corners.reduce((sum, p) => sum + p[2], 0) / 4;
          pieces.push([depth, "se-sheet", `M${corners.map(at).join("L")}Z`]);
        }
      }
      // The run goes behind or before the sheet, piece by piece.
      const start = [v.output_sum * t.total, v.alignment, v.angle * PI, 0, 1];
      const run = core.descend(t, start, phases, { iterations: 300000, growth: 1.04, tolerance: 1e-5 });
      const points = run.path.phi.map((phi, i) => [phi, run.path.s[i] / t.total, run.path.q[i]])
        .map(([phi, sum, q]) => project(phi, clamp(sum, ...SUMS), cut(q)));
      const look = run.stop === 1 ? "se-line se-global" : "se-line se-spurious";
      for (let i = 0; i + 1 < points.length; i++) {
        pieces.push([(points[i][2] + points[i + 1][2]) / 2 + 0.02, look,
          `M${at(points[i])}L${at(points[i + 1])}`]);
      }
      const [x, y] = points[0];
      pieces.push([points[0][2] + 0.05, "se-mark se-ink",
        `M${x - 5},${y}a5,5 0 1,0 10,0a5,5 0 1,0 -10,0Z`]);
      pieces.sort((a, b) => a[0] - b[0]);
      const nodes = [];
      const quarter = (name, kind, phis, qs) => {
        let d = "";
        const corner = (a, b, c) => project(phis[a], SUMS[b], qs[c]);
        for (const [a, b] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
          d += `M${at(corner(0, a, b))}L${at(corner(1, a, b))}` +
            `M${at(corner(a, 0, b))}L${at(corner(a, 1, b))}` +
            `M${at(corner(a, b, 0))}L${at(corner(a, b, 1))}`;
        }
        nodes.push(svg("path", { d, class: `se-line se-edge ${kind}` }));
        const [tx, ty] = project((phis[0] + phis[1]) / 2, SUMS[1], (qs[0] + qs[1]) / 2);
        label(tx, ty, name, kind);
      };
      const texts = [];
      function label(tx, ty, words, kind) {
        const node = svg("text", { x: tx.toFixed(1), y: ty.toFixed(1), class: `se-text ${kind}`,
          "text-anchor": "middle" });
        node.textContent = words;
        texts.push(node);
      }
      quarter("R₁", "se-global", [0, PI / 2], [0, HIGH]);
      quarter("R₂", "se-spurious", [PI / 2, PI], [-HIGH, 0]);
      // Along three edges of the whole box: what is measured, and from where to where.
      for (const [p, words] of [[[PI / 2, SUMS[0] - 0.75, -HIGH], "φ: 0 to π"],
        [[PI * 1.13, 1.5, -HIGH], "s/S: −1 to 4"], [[-0.08 * PI, SUMS[0], 0.4], "q/N: ±1.5"]]) {
        const [tx, ty] = project(...p);
        label(clamp(tx, 40, SIZE - 40), ty, words, "se-quiet");
      }
      nodes.push(...pieces.map(([, kind, d]) => svg("path", { d, class: kind })), ...texts);
      root.replaceChildren(...nodes);

      const decide = core.judge(t, phases, false, PATIENCE);
      const code = decide(start[0], start[1], start[2])[0];
      const first = v.alignment > 0 && v.angle < 0.5, second = v.alignment < 0 && v.angle > 0.5;
      const where = first ? "in R₁" : second ? "in R₂" : "in neither quarter";
      const end = ["does not decide", "reaches the global optimum", "is trapped",
        "diverges"][code];
      const core_ = first && v.output_sum <= 1 ? ", and in its invariant part s S ≤ S²" : "";
      const odd = (first && code === 2) || (second && code === 1)
        ? " So that quarter is no basin of attraction." : "";
      explorer.found = { heights, sums, angles, code, fine: made.endsWith("true") };
      return `The start s = ${digits(v.output_sum)} S, φ = ${digits(v.angle)} π, q = ${digits(v.alignment)} N ` +
        `lies ${where}${core_}; its run ${end}.${odd} Below the sheet every start is trapped, ` +
        `above it every start succeeds${fine ? "." : "…"}`;
    }
    return { draw, fine: true };
  });
})();
