// Stochastic runs from one start: a cloud over the phase portrait, computed in a worker.  Settings
// that take more than a few seconds are begun by the reader alone, and every run can be stopped.
(() => {
  "use strict";
  const { ANGLES, Job, Panel, define, digits, make, startAt, startDisc } =
    globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const SNAPSHOTS = 60;
  // Calls of the random number generator that are made unasked, and between two snapshots.
  const UNASKED = 1e7, SNAPSHOT = 2e5;

  function work(core, { numbers, plan, along, across }, tell) {
    core.sampledRuns(core.teacher(...numbers), plan, along, across,
      (iteration, phi, q, places) => tell({ iteration, phi, q, places }));
  }

  define("noise", (explorer) => {
    const { values } = explorer, { time, highest, lowest, angles } = explorer.extra;
    const drawDisc = startDisc(explorer);
    const plane = new Panel(explorer, { title: "The runs", height: 330,
      alt: "Angle and alignment of all runs",
      keys: [["se-ink se-dashed", "plain descent"],
        ["se-shortcut se-dotted", "its border"]] });
    const again = explorer.button("Other random numbers", () =>
      explorer.set({ seed: (values.seed + 1) % 1000000 }));
    const run = explorer.button("Run", () => {
      if (job.busy) {
        stop("Stopped. ");
        cloud = latest;
      } else begin(values, problemOf(values));
      explorer.schedule();
    });
    const progress = make("progress", { "aria-label": "steps done", max: 1, value: 0 });
    explorer.bar.append(run, again, progress);

    let made = "", cloud = null, latest = null, message = "", began = 0;
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    // Calls a second on this machine: a guess, until runs have shown it.
    let speed = 1e6;
    let bordered = "", border = null;
    const job = new Job(explorer, work, (answer, { plan, each }) => {
      latest = { ...answer, seed: plan.seed };
      // Where motion is not wanted, the end alone is shown.
      if (!calm.matches || answer.iteration === plan.iterations) cloud = latest;
      progress.value = answer.iteration / plan.iterations;
      const spent = (performance.now() - began) / 1000;
      if (spent > 0.5) speed = (answer.iteration * each) / spent;
    });
    function stop(words = "") {
      job.stop();
      message = words;
    }
    function problemOf(v) {
      const size = v.size * v.k;
      const numbers = [v.k, Math.sqrt(v.share * size), size, v.angle * Math.PI];
      const step = v.step / (v.k * v.k), iterations = Math.round((time * v.k * v.k) / v.step);
      const each = v.runs * (Math.ceil((v.batch * v.k) / 2) + 1);
      const every = Math.max(1, Math.min(Math.floor(iterations / SNAPSHOTS),
        Math.ceil(SNAPSHOT / each)));
      const plan = { batch: v.batch, runs: v.runs, output: step, filter: step, seed: v.seed,
        iterations, every };
      return { numbers, plan, each, t: core.teacher(...numbers) };
    }
    function begin(v, { numbers, plan, each }) {
      stop();
      began = performance.now();
      if (!job.ask({ numbers, plan, each, along: v.along, across: v.across })) {
        message = "This page may not start workers, so there is no cloud here. ";
      }
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
        cloud = latest = null;
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
      run.textContent = job.busy ? "Stop" : "Run";
      drawDisc(v);

      const [s, q] = startAt(t, v.along, v.across);
      const plainRun = core.descend(t, [s, q, t.angle, 0, 1],
        [{ output: plan.output, filter: plan.filter, iterations: null }],
        { iterations: plan.iterations, growth: 1.02, tolerance: 0 });
      plane.begin({ ...ANGLES, label: "angle φ" }, { low: lowest, high: highest, label: "q / N" });
      plane.band("r1", "se-r1", 0, Math.PI / 2, 0, highest);
      plane.band("r2", "se-r2", Math.PI / 2, Math.PI, lowest, 0);
      plane.line("plain", "se-ink se-dashed", plainRun.path.phi,
        plainRun.path.q.map((y) => y / t.normSquared));
      const about = `${v.k} ${v.size} ${v.share} ${v.step}`;
      if (about !== bordered && fine) {
        bordered = about;
        border = core.settledBorder(t, plan.output, angles, highest);
      }
      const marked = { 0: "", 1: "", 2: "" }, counts = { 0: 0, 1: 0, 2: 0 };
      if (border && about === bordered) {
        const seen = angles.map((phi, i) => [phi, border[i]]).filter(([, q]) => isFinite(q));
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
      const failed = job.failed && !message ? "The worker failed. " : "";
      const limit = core.largestStableStep(t, v.batch) * v.k * v.k;
      return `${failed}${message}${state}Plain descent from this start ends on ${plain}. ` +
        `With this batch the optimum stops holding runs near step size × k² = ${digits(limit, 3)}.`;
    }
    return { draw, fine: true, };
  });
})();
