// The loss over the plane through the two optima; drag the student.
(() => {
  "use strict";
  const { ANGLES, INK, Panel, clamp, define, digits } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const PI = Math.PI, WIDE = 120, TALL = 90, LEVELS = 14;
  const ENDS = ["is still on its way", "leads to the global optimum",
    "leads to the spurious point", "diverges"];

  define("landscape", (explorer) => {
    const { values } = explorer, { low: LOW, high: HIGH } = explorer.controls.get("position");
    const panel = new Panel(explorer, { title: "Loss", height: 380, canvas: true, moves: true,
      alt: "Map of the loss over angle and position; one point, the student, can be moved",
      keys: [["se-ink se-dashed", "path of gradient descent"]] });
    const place = panel.handle({
      label: "student",
      moved: (x, y) => explorer.set({ angle: Number((clamp(x, 0, PI) / PI).toFixed(4)),
        position: Number(y.toFixed(4)) }),
      nudged: (dx, dy) => explorer.set({ angle: Number((values.angle + 0.01 * dx).toFixed(4)),
        position: Number((values.position + 0.01 * dy).toFixed(4)) }),
    });

    // Everything that depends on the teacher alone.
    function world(v) {
      const size = v.k, total = v.k * Math.sqrt(v.k > 1 ? v.fraction : 1);
      const t = core.teacher(v.k, total, size, PI / 2);
      const s = core.spuriousSum(t), q = core.spuriousAlignment(t);
      const ds = total - s, dq = size - q;
      const distance = core.outputDistance(t, [s, q, 0, 0, 1]);
      return { t, s, q, ds, dq, distance, fixed: (ds * ds + (PI - 1) * distance) / (4 * PI) };
    }
    const lossAt = (w, angle, position) => (1 - position) ** 2 * w.fixed +
      (core.gDeficit(angle) * (w.q + position * w.dq)) / (2 * PI);

    // The map in even bands: the levels are squares, so that the flat valley shows.
    let top = 0;
    function paint(v, w) {
      panel.paint(`${v.k} ${v.fraction}`, WIDE, TALL, (bytes) => {
        const deficits = Array.from({ length: WIDE },
          (_, i) => core.gDeficit((PI * (i + 0.5)) / WIDE));
        const losses = new Float64Array(WIDE * TALL);
        top = 0;
        for (let j = 0; j < TALL; j++) {
          const position = HIGH - ((HIGH - LOW) * (j + 0.5)) / TALL;
          const base = (1 - position) ** 2 * w.fixed, q = (w.q + position * w.dq) / (2 * PI);
          for (let i = 0; i < WIDE; i++) {
            const value = base + deficits[i] * q;
            losses[j * WIDE + i] = value;
            if (value > top) top = value;
          }
        }
        for (let n = 0; n < losses.length; n++) {
          const band = Math.floor(LEVELS * Math.sqrt(losses[n] / top));
          bytes.set([...INK, Math.min(120, 8 + band * 9)], 4 * n);
        }
      });
      panel.ramp("0", digits(top, 3));
    }

    function draw(v) {
      const w = world(v), { t } = w, angle = v.angle * PI;
      panel.begin({ ...ANGLES, label: "angle φ between the filter and v*" },
        { low: LOW, high: HIGH, label: "position t: 0 at ā, 1 at a*" });
      paint(v, w);
      const level = -w.q / w.dq; // where q = 0
      if (level < HIGH) panel.band("r1", "se-r1", 0, PI / 2, Math.max(level, LOW), HIGH);
      if (level > LOW) panel.band("r2", "se-r2", PI / 2, PI, LOW, level);
      panel.text("r1 words", "se-global", 0.06, HIGH, "R₁: q > 0, φ < π/2", { dx: 4, dy: 16 });
      panel.text("r2 words", "se-spurious", PI, LOW, "R₂: q < 0, φ > π/2",
        { dx: -6, dy: -8, anchor: "end" });

      const s = w.s + v.position * w.ds, q = w.q + v.position * w.dq;
      const step = 0.5 / (v.k + PI - 1);
      const run = core.descend(t, [s, q, angle, 0, 1],
        [{ output: step, filter: step, iterations: null }],
        { iterations: 4000, growth: 1.05, tolerance: 1e-5 });
      panel.line("path", "se-ink se-dashed", run.path.phi, run.path.q.map((y) => (y - w.q) / w.dq));

      const minimum = core.spuriousIsMinimum(t), saddle = core.saddleAngle(t);
      if (saddle !== null) {
        const floor = core.g(saddle) / PI;
        panel.mark("saddle", "se-ink", "diamond", saddle, floor);
        panel.text("saddle words", "se-ink", saddle, floor, "saddle", { dx: 10, dy: -8 });
      }
      panel.mark("global", "se-global", "circle", 0, 1);
      panel.text("global words", "se-global", 0, 1, "global optimum", { dx: 10, dy: -6 });
      panel.mark("spurious", "se-spurious", "cross", PI, 0);
      panel.text("spurious words", "se-spurious", PI, 0,
        minimum ? "local minimum" : "no minimum: a saddle", { dx: -12, dy: -8, anchor: "end" });

      const slopeAngle = (q * (PI - angle) * Math.sin(angle)) / (2 * PI);
      const slopePosition = -2 * (1 - v.position) * w.fixed +
        (core.gDeficit(angle) * w.dq) / (2 * PI);
      // Downhill as gradient descent sees it: a moves by |a* - a-bar| for each unit of t.
      const dx = -slopeAngle * (panel.x(1) - panel.x(0));
      const dy = (-slopePosition / Math.max(w.distance, 1e-9)) * (panel.y(1) - panel.y(0));
      const size = Math.hypot(dx, dy);
      const length = size > 1e-9 ? Math.min(60, 24 + 8 * size) / size : 0;
      const x0 = panel.x(angle), y0 = panel.y(v.position);
      const x1 = x0 + dx * length, y1 = y0 + dy * length, way = Math.atan2(dy, dx);
      const wing = (turn) => `${x1 - 9 * Math.cos(way + turn)},${y1 - 9 * Math.sin(way + turn)}`;
      panel.path("gradient", "se-line se-shortcut", length
        ? `M${x0},${y0}L${x1},${y1}M${wing(0.45)}L${x1},${y1}L${wing(-0.45)}` : "");
      panel.end();
      place(angle, v.position, `angle ${digits(v.angle)} π, position ${digits(v.position)}`);

      const ratio = (t.total * t.total) / t.normSquared, limit = (v.k + PI - 1) / PI;
      explorer.found = { loss: lossAt(w, angle, v.position), slopeAngle, slopePosition, minimum };
      return `Student at φ = ${digits(v.angle)} π, t = ${digits(v.position)}: ` +
        `q = ${digits(q)}, loss = ${digits(explorer.found.loss)}, slopes ` +
        `∂L/∂φ = ${digits(slopeAngle)}, ∂L/∂t = ${digits(slopePosition)}. ` +
        `Gradient descent from here ${ENDS[run.stop]}. S²/N = ${digits(ratio)} is ` +
        `${minimum ? "below" : "not below"} (k + π − 1)/π = ${digits(limit)}: the spurious point is ` +
        `${minimum ? "a local minimum" : "no minimum"}.`;
    }
    return { draw };
  });
})();
