// Stochastic runs from one start: a cloud over the phase portrait, computed in a worker.  Settings
// that take more than a few seconds are begun by the reader alone, and every run can be stopped.
(() => {
  "use strict";
  const { ANGLES, Panel, define, digits, make, startAt } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const TIME = 12, SNAPSHOTS = 60;
  // Calls of the random number generator that are made unasked, and between two snapshots.
  const UNASKED = 1e7, SNAPSHOT = 2e5;
  const BORDER = Array.from({ length: 33 }, (_, i) => Math.PI * (0.03 + (0.94 * i) / 32));

  function work() {
    self.onmessage = ({ data: { numbers, plan, along, across } }) => {
      const t = self.shortcutCore.teacher(...numbers);
      self.shortcutCore.sampledRuns(t, plan, along, across,
        (iteration, phi, q, places) => self.postMessage({ iteration, phi, q, places }));
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
      keys: [["se-ink se-dashed", "plain descent"],
        ["se-shortcut se-dotted", "border of plain descent"]] });
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
    const run = explorer.button("Run", () => {
      if (worker) stop("Stopped. ");
      else begin(values, problemOf(values));
      explorer.schedule();
    });
    const progress = make("progress", { "aria-label": "steps done", max: 1, value: 0 });
    explorer.bar.append(run, again, progress);

    let worker = null, made = "", cloud = null, message = "";
    // Calls a second on this machine: a guess, until runs have shown it.
    let speed = 1e6;
    let bordered = "", border = null;
    function stop(words = "") {
      if (worker) worker.terminate();
      worker = null;
      message = words;
      run.textContent = "Run";
    }
    function problemOf(v) {
      const size = v.size * v.k;
      const numbers = [v.k, Math.sqrt(v.share * size), size, v.angle * Math.PI];
      const step = v.step / (v.k * v.k), iterations = Math.round((TIME * v.k * v.k) / v.step);
      const each = v.runs * (Math.ceil((v.batch * v.k) / 2) + 1);
      const every = Math.max(1, Math.min(Math.floor(iterations / SNAPSHOTS),
        Math.ceil(SNAPSHOT / each)));
      const plan = { batch: v.batch, runs: v.runs, output: step, filter: step, seed: v.seed,
        iterations, every };
      return { numbers, plan, each, t: core.teacher(...numbers) };
    }
    function begin(v, { numbers, plan, each }) {
      stop();
      try {
        worker = startWorker();
      } catch {
        message = "This page may not start workers, so there is no cloud here. ";
        return;
      }
      run.textContent = "Stop";
      const began = performance.now();
      worker.onerror = () => {
        stop("The worker failed. ");
        explorer.schedule();
      };
      worker.onmessage = ({ data }) => {
        cloud = { ...data, seed: plan.seed };
        progress.value = data.iteration / plan.iterations;
        const spent = (performance.now() - began) / 1000;
        if (spent > 0.5) speed = (data.iteration * each) / spent;
        if (data.iteration === plan.iterations) stop();
        explorer.schedule();
      };
      worker.postMessage({ numbers, plan, along: v.along, across: v.across });
    }
    function lasts(calls) {
      const seconds = calls / speed;
      if (seconds < 100) return `${Math.ceil(seconds)} s`;
      if (seconds < 6000) return `${Math.round(seconds / 60)} minutes`;
      return `${Math.round(seconds / 3600)} hours`;
    }

    function draw(v, fine) {
      const signature = JSON.stringify(v), world = problemOf(v), { t, plan } = world;
      if (signature !== made) {
        stop();
        cloud = null;
        progress.value = 0;
        made = signature;
        // While a slider moves, no worker is worth its start.
        fine = false;
        explorer.waiting = true;
      }
      const calls = world.each * plan.iterations;
      if (explorer.waiting && fine) {
        explorer.waiting = false;
        if (calls <= UNASKED) begin(v, world);
        else {
          message = `These settings need ${Math.round(calls / 1e6).toLocaleString("en")} million ` +
            `pairs of random numbers, about ${lasts(calls)} on this machine: press Run if you ` +
            "want that. ";
        }
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
      const plainRun = core.descend(t, [s, q, t.angle, 0, 1],
        [{ output: plan.output, filter: plan.filter, iterations: null }],
        { iterations: plan.iterations, growth: 1.02, tolerance: 0 });
      plane.begin({ ...ANGLES, label: "angle φ" }, { low: -0.8, high: 1.3, label: "q / N" });
      plane.band("r1", "se-r1", 0, Math.PI / 2, 0, 1.3);
      plane.band("r2", "se-r2", Math.PI / 2, Math.PI, -0.8, 0);
      plane.line("plain", "se-ink se-dashed", plainRun.path.phi,
        plainRun.path.q.map((y) => y / t.normSquared));
      const about = `${v.k} ${v.size} ${v.share} ${v.step}`;
      if (about !== bordered && fine) {
        bordered = about;
        border = core.settledBorder(t, plan.output, BORDER);
      }
      const marked = { 0: "", 1: "", 2: "" }, counts = { 0: 0, 1: 0, 2: 0 };
      if (border && about === bordered) {
        const seen = BORDER.map((phi, i) => [phi, border[i]]).filter(([, q]) => isFinite(q));
        plane.line("border", "se-shortcut se-dotted", seen.map(([phi]) => phi),
          seen.map(([, q]) => q));
      }
      if (cloud) {
        cloud.phi.forEach((phi, i) => {
          const x = plane.x(phi).toFixed(1), y = plane.y(cloud.q[i] / t.normSquared).toFixed(1);
          const ring = `M${x},${y}m-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0Z`;
          counts[cloud.places[i]]++;
          // Shape as well as colour: discs, crosses and rings.
          marked[cloud.places[i]] += cloud.places[i] === 2
            ? `M${x},${y}m-3.5,-3.5l7,7m0,-7l-7,7` : ring;
        });
      }
      plane.path("neither", "se-line se-spots se-student", marked[0]);
      plane.path("won", "se-dot se-global", marked[1]);
      plane.path("lost", "se-line se-spots se-spurious", marked[2]);
      plane.mark("optimum", "se-global", "diamond", 0, 1);
      plane.mark("trap", "se-spurious", "square", Math.PI, core.spuriousAlignment(t) / t.normSquared);
      plane.end();
      explorer.cloud = cloud;
      explorer.border = border;
      const plain = plainRun.state[2] < Math.PI / 2 ? "the side of the optimum" : "the trap's side";
      const many = plan.iterations.toLocaleString("en");
      const state = cloud
        ? `After ${cloud.iteration.toLocaleString("en")} of ${many} steps: ${counts[1]} of ${v.runs} ` +
          `runs near the optimum (discs), ${counts[2]} near the trap (crosses), ${counts[0]} near ` +
          "neither (rings). "
        : `${v.runs} runs of ${many} steps. `;
      const limit = core.largestStableStep(t, v.batch) * v.k * v.k;
      return `${message}${state}Plain descent from this start ends on ${plain}. ` +
        `With this batch the optimum stops holding runs near step size × k² = ${digits(limit, 3)}.`;
    }
    return { draw, fine: true, dispose: () => stop() };
  });
})();
