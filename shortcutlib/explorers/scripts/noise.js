// Stochastic runs from one start: a cloud over the phase portrait, computed in a worker.
(() => {
  "use strict";
  const { ANGLES, Panel, define, digits, startAt } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const TIME = 8, SNAPSHOTS = 60;

  function work() {
    self.onmessage = ({ data: { numbers, plan, along, across } }) => {
      const t = self.shortcutCore.teacher(...numbers);
      self.shortcutCore.sampledRuns(t, plan, along, across,
        (iteration, phi, q) => self.postMessage({ iteration, phi, q }));
    };
  }
  function startWorker() {
    const parts = core.sources.map((part) => `(${part})(self.shortcutCore);`);
    const text = ["self.shortcutCore = { sources: [] };", ...parts, `(${work})();`];
    const address = URL.createObjectURL(new Blob([text.join("\n")], { type: "text/javascript" }));
    const worker = new Worker(address);
    URL.revokeObjectURL(address);
    return worker;
  }

  define("noise", (explorer) => {
    const { values } = explorer;
    const disc = new Panel(explorer, { square: true, moves: true, title: "Start a₀: drag it",
      alt: "The disc of starts; one point can be moved" });
    const plane = new Panel(explorer, { title: "The runs", height: 330,
      alt: "Angle and alignment of all runs",
      keys: [["se-ink se-dashed", "plain descent"]] });
    const place = disc.handle({
      label: "start of training",
      moved: (x, y) => {
        const far = Math.max(1, Math.hypot(x, y));
        explorer.set({ along: Number((x / far).toFixed(4)), across: Number((y / far).toFixed(4)) });
      },
      nudged: (dx, dy) => {
        const x = values.along + dx * 0.01, y = values.across + dy * 0.01;
        if (Math.hypot(x, y) <= 1) {
          explorer.set({ along: Number(x.toFixed(4)), across: Number(y.toFixed(4)) });
        }
      },
    });
    const again = explorer.button("Other random numbers", () =>
      explorer.set({ seed: (values.seed + 1) % 1000000 }));
    explorer.bar.append(again);

    let worker = null, made = "", cloud = null, failed = "";
    function stop() {
      if (worker) worker.terminate();
      worker = null;
    }
    function problemOf(v) {
      const size = v.size * v.k;
      const numbers = [v.k, Math.sqrt(v.share * size), size, v.angle * Math.PI];
      const step = v.step / (v.k * v.k), iterations = Math.round((TIME * v.k * v.k) / v.step);
      const plan = { batch: v.batch, runs: v.runs, output: step, filter: step, seed: v.seed,
        iterations, every: Math.max(1, Math.floor(iterations / SNAPSHOTS)) };
      return { numbers, plan, t: core.teacher(...numbers) };
    }
    function begin(v, { numbers, plan }) {
      stop();
      try {
        worker = startWorker();
      } catch {
        failed = "This page may not start workers, so there is no cloud here. ";
        return;
      }
      worker.onerror = () => { failed = "The worker failed. "; };
      worker.onmessage = ({ data }) => {
        cloud = { ...data, seed: plan.seed };
        if (data.iteration === plan.iterations) stop();
        explorer.schedule();
      };
      worker.postMessage({ numbers, plan, along: v.along, across: v.across });
    }

    function draw(v, fine) {
      const signature = JSON.stringify(v), world = problemOf(v), { t, plan } = world;
      if (signature !== made) {
        stop();
        cloud = null;
        made = signature;
        // While a slider moves, no worker is worth its start.
        fine = false;
        explorer.waiting = true;
      }
      if (explorer.waiting && fine) {
        explorer.waiting = false;
        begin(v, world);
      }
      const ticks = [[-1, "−1"], [0, "0"], [1, "1"]], ends = { low: -1.05, high: 1.05, ticks };
      disc.begin({ ...ends, label: "along 1, over R" }, { ...ends, label: "along the rest of a*" });
      disc.circle("rim", "se-rim", 1);
      disc.line("level", "se-thin", [-1, 1], [0, 0]);
      disc.end();
      const far = Math.max(1, Math.hypot(v.along, v.across));
      place(v.along / far, v.across / far,
        `${digits(v.along)} along 1, ${digits(v.across)} along the rest of a*`);

      const [s, q] = startAt(t, v.along, v.across);
      const run = core.descend(t, [s, q, t.angle, 0, 1],
        [{ output: plan.output, filter: plan.filter, iterations: null }],
        { iterations: plan.iterations, growth: 1.02, tolerance: 0 });
      plane.begin({ ...ANGLES, label: "angle φ" }, { low: -0.8, high: 1.3, label: "q / N" });
      plane.band("r1", "se-r1", 0, Math.PI / 2, 0, 1.3);
      plane.band("r2", "se-r2", Math.PI / 2, Math.PI, -0.8, 0);
      plane.line("plain", "se-ink se-dashed", run.path.phi, run.path.q.map((y) => y / t.normSquared));
      const shown = { won: "", lost: "" };
      let won = 0;
      if (cloud) {
        cloud.phi.forEach((phi, i) => {
          const x = plane.x(phi).toFixed(1), y = plane.y(cloud.q[i] / t.normSquared).toFixed(1);
          const good = phi < Math.PI / 2;
          won += good;
          // Shape as well as colour: discs and crosses.
          if (good) shown.won += `M${x},${y}m-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0Z`;
          else shown.lost += `M${x},${y}m-3.5,-3.5l7,7m0,-7l-7,7`;
        });
      }
      plane.path("won", "se-dot se-global", shown.won);
      plane.path("lost", "se-line se-spurious", shown.lost);
      plane.mark("optimum", "se-global", "diamond", 0, 1);
      plane.mark("trap", "se-spurious", "square", Math.PI, core.spuriousAlignment(t) / t.normSquared);
      plane.end();
      explorer.cloud = cloud;
      const plain = run.state[2] < Math.PI / 2 ? "the side of the global optimum" : "the trap's side";
      const state = cloud
        ? `After ${cloud.iteration.toLocaleString("en")} of ${plan.iterations.toLocaleString("en")} ` +
          `steps ${won} of ${v.runs} runs have φ < π/2. `
        : `${v.runs} runs of ${plan.iterations.toLocaleString("en")} steps. `;
      return `${failed}${state}Plain descent from this start ends on ${plain}. ` +
        `Step size over batch size: ${digits(plan.filter / v.batch, 3)}.`;
    }
    return { draw, fine: true, dispose: stop };
  });
})();
