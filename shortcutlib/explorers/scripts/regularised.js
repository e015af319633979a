// The map of Example 1; drag the start.
(() => {
  "use strict";
  const { INK, Panel, clamp, define, digits } = globalThis.shortcutExplorers;
  const { everything, value } = globalThis.shortcutExample;
  const PIXELS = 160, LEVELS = 15;
  const LOOKS = {
    "global minimum": ["se-global", "circle"],
    "spurious local minimum": ["se-spurious", "cross"],
    saddle: ["se-ink", "diamond"],
  };
  const ENDS = {
    "global minimum": "ends at a global minimum",
    "spurious local minimum": "is trapped at a spurious local minimum",
    saddle: "ends at the saddle",
    "valley of zero loss": "ends in a valley of zero loss",
    "still on its way": "is still on its way",
  };

  define("regularised", (explorer) => {
    const { values } = explorer, WIDTH = explorer.controls.get("w").high;
    const panel = new Panel(explorer, { title: "Objective over (w, v)", square: true, largest: 460,
      canvas: true, moves: true,
      alt: "Map of the objective over w and v with its stationary points; the start can be moved",
      keys: [["se-ink se-dashed", "descent"], ["se-global se-dotted", "zero loss"]] });
    const fix = (x) => Number(clamp(x, -WIDTH, WIDTH).toFixed(4));
    const place = panel.handle({
      label: "start of the descent",
      moved: (w, v) => explorer.set({ w: fix(w), v: fix(v) }),
      nudged: (dw, dv) =>
        explorer.set({ w: fix(values.w + 0.01 * dw), v: fix(values.v + 0.01 * dv) }),
    });

    // Even bands of the fourth root: both the floor of the valleys and the slopes show.
    function paint(e) {
      const most = value(e, WIDTH, WIDTH);
      panel.paint(`${e.epsilon} ${e.decay}`, PIXELS, PIXELS, (bytes) => {
        for (let j = 0; j < PIXELS; j++) {
          const v = WIDTH - (2 * WIDTH * (j + 0.5)) / PIXELS;
          for (let i = 0; i < PIXELS; i++) {
            const w = -WIDTH + (2 * WIDTH * (i + 0.5)) / PIXELS;
            const band = Math.floor(LEVELS * (value(e, w, v) / most) ** 0.25);
            bytes.set([...INK, Math.min(130, 6 + band * 9)], 4 * (j * PIXELS + i));
          }
        }
      });
      panel.ramp("0", digits(most, 3));
    }

    // One branch of w (1 + eps v) = 1, kept away from its pole.
    function valley(name, e, sign) {
      const ws = [], vs = [];
      for (let i = 0; i <= 120; i++) {
        const w = sign * WIDTH * 10 ** (-2 + i / 60), v = (1 / w - 1) / e.epsilon;
        if (Math.abs(w) <= WIDTH && Math.abs(v) <= WIDTH) {
          ws.push(w);
          vs.push(v);
        }
      }
      if (ws.length > 1) panel.line(name, "se-global se-dotted", ws, vs);
    }

    function draw(v) {
      explorer.enable("radius", v.bounded);
      const found = (explorer.found = everything(v)), { e, radius, points, way } = found;
      const axis = { low: -WIDTH, high: WIDTH,
        ticks: [-1, -0.5, 0, 0.5, 1].map((x) => [WIDTH * x, digits(WIDTH * x)]) };
      panel.begin({ ...axis, label: "w" }, { ...axis, label: "v" });
      paint(e);
      if (radius !== null) panel.circle("rim", "se-rim", radius);
      valley("right valley", e, 1);
      valley("left valley", e, -1);
      panel.line("path", "se-ink se-dashed", way.ws, way.vs);
      points.forEach((p, i) => {
        if (Math.abs(p.w) > WIDTH || Math.abs(p.v) > WIDTH) return;
        const [look, shape] = LOOKS[p.kind];
        panel.mark(`point ${i}`, look, shape, p.w, p.v);
        const side = p.w > 1.5 || p.kind === "spurious local minimum" ? "end" : "start";
        const words = { "global minimum": "minimum", "spurious local minimum": "spurious",
          saddle: "saddle" }[p.kind];
        panel.text(`words ${i}`, look, p.w, p.v, words,
          { dx: side === "end" ? -12 : 12, dy: p.kind === "saddle" ? -6 : 4, anchor: side });
      });
      panel.end();
      const start = [way.ws[0], way.vs[0]];
      place(start[0], start[1], `w ${digits(start[0])}, v ${digits(start[1])}`);
      const traps = points.filter((p) => p.kind === "spurious local minimum");
      const trap = traps.length ? `There is a spurious local minimum at (${digits(traps[0].w, 3)}, ` +
        `${digits(traps[0].v, 3)}), objective ${digits(traps[0].value)}.`
        : "There is no spurious local minimum.";
      return `From (${digits(start[0])}, ${digits(start[1])}) the descent ${ENDS[found.fate]} at ` +
        `(${digits(found.end[0], 3)}, ${digits(found.end[1], 3)}): loss ${digits(found.endLoss)}, ` +
        `objective ${digits(found.endValue)}. The best linear predictor (v = 0) has objective ` +
        `${digits(found.line)}. ${trap}`;
    }
    return { draw };
  });
})();
