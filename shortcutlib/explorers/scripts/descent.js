// One training run, with and without warm-up: angle, alignment, loss and distances.
(() => {
  "use strict";
  const { ANGLES, Job, Panel, define, digits, problem, startAt, startDisc, timeline } =
    globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const ENDS = ["runs on", "reaches the global optimum", "is trapped at the spurious point",
    "diverges"];
  const QUANTITIES = ["angle", "alignment", "loss", "output", "filter"];
  // Single steps of a run while a slider moves: a millisecond or two.
  const BUDGET = 20000;

  function work(core, { numbers, start, plain, warm, options }, tell) {
    const t = core.teacher(...numbers);
    tell([plain, warm].map((phases) => core.descend(t, start, phases, options)));
  }

  define("descent", (explorer) => {
    const drawDisc = startDisc(explorer);
    const plot = (title, words) => new Panel(explorer, { title, height: 190, headroom: 10,
      alt: `${words} against iterations, with warm-up and without`,
      keys: [["se-global", "with warm-up"], ["se-spurious se-dashed", "without"]] });
    const panels = {
      angle: plot("Angle φ", "Angle"),
      alignment: plot("Alignment q / N", "Alignment"),
      loss: plot("Loss", "Loss"),
      output: plot("‖a − a*‖²", "Squared distance of the output weights to the teacher's"),
      filter: plot("‖w − w*‖²", "Squared distance of the filter to the teacher's"),
    };
    const pause = timeline(explorer, () => runs.last);

    // Runs depend on everything but the iteration shown.
    let made = "", asked = "", runs;
    const job = new Job(explorer, work, (found, { signature }) => {
      if (signature === made) use(...found.map((run) => ({ ...run, exact: true })));
    });
    function use(...found) {
      const { t } = runs;
      for (const [name, run] of [["plain", found[0]], ["warm", found[1]]]) {
        const { path } = run;
        const at = path.s.map((_, i) => [path.s[i], path.q[i], path.phi[i], path.rest[i], 1]);
        runs[name] = { ...run, x: path.iteration.map((i) => i + 1), angle: path.phi,
          alignment: path.q.map((y) => y / t.normSquared), loss: at.map((y) => core.loss(t, y)),
          output: at.map((y) => core.outputDistance(t, y)),
          filter: at.map((y) => core.filterDistance(y)) };
      }
      runs.last = Math.max(runs.warm.iterations, runs.plain.iterations);
    }
    function compute(v, fine) {
      const signature = JSON.stringify({ ...v, iteration: 0 });
      const options = { iterations: explorer.controls.get("iteration").high, growth: 1.02 };
      if (signature !== made) {
        [made, asked] = [signature, ""];
        job.stop();
        const { t, plain, warm } = problem(v), [s, q] = startAt(t, v.along, v.across);
        const start = [s, q, t.angle, 0, 1];
        runs = { t, start, plain, warm };
        use(...[plain, warm].map((phases) =>
          core.glance(t, start, phases, { ...options, budget: BUDGET })));
        runs.question = { signature, numbers: [t.k, t.total, t.normSquared, t.angle], start, plain,
          warm, options };
      }
      if (!fine || asked === signature || (runs.warm.exact && runs.plain.exact)) return;
      asked = signature;
      if (job.ask(runs.question)) return;
      work(core, runs.question, (found) => use(...found.map((run) => ({ ...run, exact: true }))));
    }

    const index = ({ path, x }, iteration) => {
      const i = path.iteration.findIndex((y) => y >= iteration);
      return i < 0 ? x.length - 1 : i;
    };
    const looks = [["plain", "se-spurious", "se-dashed", "cross"], ["warm", "se-global", "", "circle"]];
    function curves(quantity, x, y, v) {
      const panel = panels[quantity];
      panel.begin(x, y);
      if (v.warmup > 0) {
        panel.band("warm-up", "se-shade", 1, v.warmup + 1);
        panel.band("after", "se-shade-after", v.warmup + 1, x.high);
        panel.over("warm-up words", 1, v.warmup + 1, "warm-up");
        panel.over("after words", v.warmup + 1, x.high, "after");
      }
      for (const [which, look, dashes, shape] of looks) {
        const run = runs[which], i = index(run, v.iteration);
        panel.line(which, `${look} ${dashes}`, run.x, run[quantity]);
        panel.mark(`${which} now`, look, shape, run.x[i], run[quantity][i]);
      }
      panel.end();
    }
    function axisOf(quantity) {
      if (quantity === "angle") return ANGLES;
      const all = [...runs.warm[quantity], ...runs.plain[quantity]];
      if (quantity === "alignment") all.push(1);
      const low = Math.min(...all), high = Math.max(...all), room = 0.08 * (high - low);
      return quantity === "alignment" ? { low: low - room, high: high + room }
        : { low: 1e-8, high: Math.max(10, 10 ** Math.ceil(Math.log10(high))), log: true };
    }

    function draw(v, fine) {
      compute(v, fine);
      drawDisc(v);
      const { t, start, warm, plain, last } = runs;
      const x = { low: 1, high: Math.max(100, last + 1), log: true, label: "iterations + 1" };
      for (const quantity of QUANTITIES) curves(quantity, x, axisOf(quantity), v);
      const i = index(warm, v.iteration);
      const tell = (run) => `${ENDS[run.stop]} (${run.exact ? "" : "about "}` +
        `${run.iterations.toLocaleString("en")} iterations)`;
      return `s₀ = ${digits(start[0])}, q₀ = ${digits(start[1])}, S = ${digits(t.total)}, ` +
        `N = ${digits(t.normSquared)}. ` +
        `With warm-up the run ${tell(warm)}; without it ${tell(plain)}. ` +
        `At iteration ${warm.path.iteration[i].toLocaleString("en")} with warm-up: ` +
        `φ = ${digits(warm.angle[i] / Math.PI)} π, q = ${digits(warm.path.q[i])}, ` +
        `loss = ${digits(warm.loss[i])}.`;
    }
    return { draw, fine: true, dispose: pause, runs: () => runs };
  });
})();
