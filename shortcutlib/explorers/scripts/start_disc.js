// The disc of starts a_0 with the start that is moved: parameters `along` and `across`.
(() => {
  "use strict";
  const shared = globalThis.shortcutExplorers;
  if (shared.startDisc) return;
  const { Panel, digits } = shared;
  const ticks = [[-1, "−1"], [0, "0"], [1, "1"]], ends = { low: -1.05, high: 1.05, ticks };

  // Axes of a disc of radius 1.
  shared.discAxes = [{ ...ends, label: "a₀ along 1, over R", short: "along 1" },
    { ...ends, label: "along the rest of a*", short: "rest of a*" }];

  // Makes the panel; the function that is returned draws it.
  shared.startDisc = (explorer) => {
    const { values } = explorer;
    const round = (x) => Number(x.toFixed(4));
    const disc = new Panel(explorer, { square: true, largest: 230, moves: true, title: "Start a₀: drag it",
      alt: "The disc of starts; one point can be moved" });
    const place = disc.handle({
      label: "start of training",
      moved: (x, y) => {
        const far = Math.max(1, Math.hypot(x, y));
        explorer.set({ along: round(x / far), across: round(y / far) });
      },
      nudged: (dx, dy) => {
        const x = values.along + dx * 0.01, y = values.across + dy * 0.01;
        if (Math.hypot(x, y) <= 1) explorer.set({ along: round(x), across: round(y) });
      },
    });
    return (v) => {
      disc.begin(...shared.discAxes);
      disc.circle("rim", "se-rim", 1);
      disc.line("level", "se-thin", [-1, 1], [0, 0]);
      disc.end();
      const far = Math.max(1, Math.hypot(v.along, v.across));
      place(v.along / far, v.across / far,
        `${digits(v.along)} along 1, ${digits(v.across)} along the rest of a*`);
    };
  };
})();
