// One training run, with and without warm-up: angle, alignment, distances and loss.
(() => {
  "use strict";
  const { ANGLES, Panel, clamp, define, digits, problem, startAt } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const ENDS = ["runs on", "reaches the global optimum", "is trapped at the spurious point",
    "diverges"];
  const SPEED = 6000; // milliseconds for the whole run

  define("descent", (explorer) => {
    const { values } = explorer;
    const disc = new Panel(explorer, { square: true, moves: true, title: "Start a₀: drag it",
      alt: "The disc of starts; one point can be moved" });
    const pair = [["se-global", "with warm-up"], ["se-spurious se-dashed", "without"]];
    const panels = {
      angle: new Panel(explorer, { title: "Angle φ", keys: pair, alt: "Angle against iterations" }),
      alignment: new Panel(explorer, { title: "Alignment q / N", keys: pair,
        alt: "Alignment against iterations" }),
      distance: new Panel(explorer, { title: "Loss and distances",
        alt: "Loss and squared distances against iterations",
        keys: [["se-ink", "loss"], ["se-spurious se-dashed", "loss without warm-up"],
          ["se-global se-dotted", "‖a − a*‖²"], ["se-student se-dotdash", "‖w − w*‖²"]] }),
    };
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

    // Play moves the iteration evenly in the logarithm.
    let playing = 0, last = 1;
    const button = explorer.button("▶ Play", () => (playing ? pause() : play()));
    explorer.bar.append(button, explorer.nodes.get("iteration"));
    function pause() {
      cancelAnimationFrame(playing);
      playing = 0;
      button.textContent = "▶ Play";
    }
    function play() {
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
        explorer.set({ iteration: last });
        return;
      }
      const whole = Math.log(last + 1);
      let done = values.iteration >= last ? 0 : Math.log(values.iteration + 1) / whole;
      let before = performance.now();
      button.textContent = "⏸ Pause";
      const tick = (now) => {
        done = Math.min(1, done + Math.max(0, now - before) / SPEED);
        before = now;
        explorer.set({ iteration: Math.round(Math.exp(done * whole) - 1) });
        if (done >= 1) pause();
        else playing = requestAnimationFrame(tick);
      };
      playing = requestAnimationFrame(tick);
    }

    // Runs depend on everything but the iteration shown.
    let made = "", runs;
    function compute(v) {
      const signature = JSON.stringify({ ...v, iteration: 0 });
      if (signature === made) return;
      made = signature;
      const { t, plain, warm } = problem(v);
      const [s, q] = startAt(t, v.along, v.across);
      const run = (phases) => {
        const result = core.descend(t, [s, q, t.angle, 0, 1], phases,
          { iterations: explorer.controls.get("iteration").high, growth: 1.02 });
        const { path } = result;
        const x = path.iteration.map((i) => i + 1);
        const at = path.s.map((_, i) => [path.s[i], path.q[i], path.phi[i], path.rest[i], 1]);
        return { ...result, x, angle: path.phi, alignment: path.q.map((y) => y / t.normSquared),
          loss: at.map((y) => core.loss(t, y)), output: at.map((y) => core.outputDistance(t, y)),
          filter: at.map((y) => core.filterDistance(y)) };
      };
      runs = { t, s, q, warm: run(warm), plain: run(plain) };
      last = Math.max(runs.warm.iterations, runs.plain.iterations);
    }

    const looks = [["plain", "se-spurious se-dashed", "cross"], ["warm", "se-global", "circle"]];
    function curves(panel, x, y, quantity, v) {
      panel.begin(x, y);
      stages(panel, v);
      for (const [which, look, shape] of looks) {
        panel.line(which, look, runs[which].x, runs[which][quantity]);
        dot(panel, which, look, shape, runs[which], quantity, v);
      }
      panel.end();
    }
    function stages(panel, v) {
      if (v.warmup === 0) return;
      const low = panel.y.inverse(panel.frame.bottom - 12);
      panel.band("stage", "se-shade", 1, v.warmup + 1);
      panel.text("one", "se-quiet", 1, low, "Stage I", { dx: 5, dy: 6 });
      if (last > 3 * v.warmup) {
        panel.text("two", "se-quiet", v.warmup + 1, low, "Stage II", { dx: 5, dy: 6 });
      }
    }
    const index = (run, iteration) => {
      let i = run.path.iteration.findIndex((x) => x >= iteration);
      if (i < 0) i = run.x.length - 1;
      return i;
    };
    function dot(panel, name, look, shape, run, quantity, v) {
      const i = index(run, v.iteration);
      panel.mark(`${name} now`, look, shape, run.x[i], run[quantity][i]);
    }

    function draw(v) {
      compute(v);
      const { t, warm, plain } = runs;
      const ticks = [[-1, "−1"], [0, "0"], [1, "1"]], ends = { low: -1.05, high: 1.05, ticks };
      disc.begin({ ...ends, label: "along 1, over R" }, { ...ends, label: "along the rest of a*" });
      disc.circle("rim", "se-rim", 1);
      disc.line("level", "se-thin", [-1, 1], [0, 0]);
      disc.end();
      const far = Math.max(1, Math.hypot(v.along, v.across));
      place(v.along / far, v.across / far,
        `${digits(v.along)} along 1, ${digits(v.across)} along the rest of a*`);

      const x = { low: 1, high: Math.max(100, last + 1), log: true, label: "iterations + 1" };
      curves(panels.angle, x, ANGLES, "angle", v);
      const all = [...warm.alignment, ...plain.alignment, 1];
      const low = Math.min(...all), high = Math.max(...all), room = 0.08 * (high - low);
      curves(panels.alignment, x, { low: low - room, high: high + room }, "alignment", v);
      const panel = panels.distance;
      panel.begin(x, { low: 1e-8, high: Math.max(10, 10 ** Math.ceil(Math.log10(Math.max(
        warm.output[0], plain.output[0])))), log: true });
      stages(panel, v);
      panel.line("other", "se-spurious se-dashed", plain.x, plain.loss);
      dot(panel, "other", "se-spurious", "cross", plain, "loss", v);
      for (const [name, look] of [["output", "se-global se-dotted"],
        ["filter", "se-student se-dotdash"], ["loss", "se-ink"]]) {
        panel.line(name, look, warm.x, warm[name]);
        dot(panel, name, look, "circle", warm, name, v);
      }
      panel.end();

      const i = index(warm, v.iteration);
      const tell = (run) => `${ENDS[run.stop]} (${run.iterations.toLocaleString("en")} iterations)`;
      return `s₀ = ${digits(runs.s)}, q₀ = ${digits(runs.q)}, S = ${digits(t.total)}, ` +
        `N = ${digits(t.normSquared)}. ` +
        `With warm-up the run ${tell(warm)}; without it ${tell(plain)}. ` +
        `At iteration ${warm.path.iteration[i].toLocaleString("en")} with warm-up: ` +
        `φ = ${digits(warm.angle[i] / Math.PI)} π, q = ${digits(warm.path.q[i])}, ` +
        `loss = ${digits(warm.loss[i])}.`;
    }
    return { draw, dispose: pause, runs: () => runs };
  });
})();
