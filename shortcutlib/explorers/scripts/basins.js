// The disc of starts by fate, with and without warm-up, and the success probability.
(() => {
  "use strict";
  const { Panel, define, discAxes, problem, startAt } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const COARSE = 24, FINE = 64;
  // Undecided after so many steps, a start is drawn as one that fails.  Where steps are too long
  // for the proof, some starts end in cycles: there is no use in waiting for them.
  const PATIENCE = 200000, IMPATIENCE = { coarse: 500, fine: 3000 };

  // Failing stretches [low, high] of the line of starts at angle theta of the disc, in units of
  // the half chord.  Where the order is proved there is one border; elsewhere several are sought.
  function failing(fails, proved, guess, width) {
    const refine = (low, high, lowFails) => {
      while (high - low > width) {
        const middle = (low + high) / 2;
        if (fails(middle) === lowFails) low = middle;
        else high = middle;
      }
      return (low + high) / 2;
    };
    if (proved) {
      // Near the neighbour's border, else at the rim.
      for (const reach of [0.03, 0.2]) {
        if (guess === null || Math.abs(guess) + reach >= 1) break;
        if (fails(guess - reach) && !fails(guess + reach)) {
          return [[-1, refine(guess - reach, guess + reach, true)]];
        }
      }
      if (!fails(-1)) return [];
      return [[-1, fails(1) ? 1 : refine(-1, 1, true)]];
    }
    const found = [], points = 24;
    let before = fails(-1), since = -1;
    for (let i = 1; i <= points; i++) {
      const at = -1 + (2 * i) / points, now = fails(at);
      if (now === before) continue;
      const border = refine(at - 2 / points, at, before);
      if (before) found.push([since, border]);
      else since = border;
      before = now;
    }
    if (before) found.push([since, 1]);
    return found;
  }

  // The columns of the disc, at u = sin(theta) with theta in the middle of n equal parts: starts
  // are distributed like cos(theta)^k, for which the midpoint rule is as good as Gauss's.
  function columns(t, phases, n, width, impatience) {
    const reach = Math.sqrt(t.normSquared) * t.radius;
    const proved = core.preservesOrder(t, phases, [-1, 1].map((e) => e * Math.abs(t.total)),
      [-reach, reach]);
    const warmup = phases.length > 1 ? phases[0].iterations : 0;
    const decide = core.judge(t, phases, false, proved ? PATIENCE : warmup + impatience);
    const list = [];
    let guess = null, weights = 0, lost = 0;
    for (let i = 0; i < n; i++) {
      const theta = -Math.PI / 2 + (Math.PI * (i + 0.5)) / n;
      const u = Math.sin(theta), half = Math.cos(theta);
      const fails = (place) => decide(...startAt(t, u, half * place), t.angle)[0] !== 1;
      const parts = failing(fails, proved, guess, width);
      if (proved && parts.length) guess = Math.abs(parts[0][1]) < 1 ? parts[0][1] : null;
      const weight = half ** t.k;
      weights += weight;
      for (const [low, high] of parts) {
        lost += weight * (core.upperTail(low, t.k / 2) - core.upperTail(high, t.k / 2));
      }
      list.push({ u, half, parts });
    }
    return { list, proved, probability: 1 - lost / weights };
  }

  // The failing part of the disc as a path: through the borders, or strip by strip.
  function shape(panel, { list, proved }) {
    const at = (x, y) => `${panel.x(x).toFixed(1)},${panel.y(y).toFixed(1)}`;
    if (proved) {
      const inside = list.filter((column) => column.parts.length);
      if (!inside.length) return ["", ""];
      const top = inside.map(({ u, half, parts }) => at(u, half * parts[0][1]));
      const rim = inside.map(({ u, half }) => at(u, -half)).reverse();
      const border = inside.filter(({ parts }) => parts[0][1] < 1)
        .map(({ u, half, parts }) => at(u, half * parts[0][1]));
      return [`M${[...top, ...rim].join("L")}Z`, border.length ? `M${border.join("L")}` : ""];
    }
    let d = "";
    const edge = (i) => Math.sin(-Math.PI / 2 + (Math.PI * i) / list.length);
    list.forEach(({ half, parts }, i) => {
      for (const [low, high] of parts) {
        d += `M${at(edge(i), half * low)}L${at(edge(i + 1), half * low)}` +
          `L${at(edge(i + 1), half * high)}L${at(edge(i), half * high)}Z`;
      }
    });
    return [d, ""];
  }

  define("basins", (explorer) => {
    const discs = [["plain", "Without warm-up"], ["warm", "With warm-up"]].map(([which, title]) => [
      which, title, new Panel(explorer, { square: true, title,
        alt: `Disc of starts ${title.toLowerCase()}: those that fail are hatched` })]);
    explorer.panels.classList.add("se-pair");

    function draw(v, fine) {
      const { t, ...schedules } = problem(v);
      const found = {};
      const say = ({ probability }) => probability.toFixed(fine ? 5 : 3);
      for (const [which, title, panel] of discs) {
        const result = fine
          ? columns(t, schedules[which], FINE, 1e-6, IMPATIENCE.fine)
          : columns(t, schedules[which], COARSE, 5e-4, IMPATIENCE.coarse);
        found[which] = result;
        panel.begin(...discAxes);
        const [area, border] = shape(panel, result);
        panel.circle("won", "se-won", 1);
        panel.hatch("lost", area);
        panel.path("border", "se-line se-ink", border);
        panel.circle("rim", "se-rim", 1);
        const p = result.probability;
        if (p > 0.005) panel.text("up", "se-global", 0, 0.75, "succeeds", { anchor: "middle" });
        const words = result.proved ? "trapped" : "fails";
        if (area) panel.text("down", "se-spurious", 0, -0.86, words, { anchor: "middle" });
        panel.end();
        panel.rename(`${title}: ${say(result)}`);
      }
      explorer.found = found;
      return `Probability of success for the paper's random starts: ${say(found.plain)} without ` +
        `warm-up, ${say(found.warm)} with it` +
        `${v.warmup ? ` (${v.warmup.toLocaleString("en")} iterations)` : " (none chosen)"}. ` +
        (found.plain.proved && found.warm.proved ? ""
          : "Steps this long do not preserve the order of starts: there may be several borders, " +
            "and starts that have not decided soon count as failures. ") +
        (fine ? "" : "…");
    }
    return { draw, fine: true };
  });
})();
