// Stochastic descent by the exact sampler of shortcutlib/minibatch.py, with the random numbers of
// shortcutlib/explorers/noise.py.
(function (part) {
  "use strict";
  const core = globalThis.shortcutCore;
  if (!core.sampledStep) {
    part(core);
    core.sources.push(part.toString());
  }
})(function (core) {
  "use strict";
  const TWO_PI = 2 * Math.PI;

  // Unit vector across 1: alternating signs, the last entry 0 if k is odd.
  function sideways(k) {
    const pairs = Math.floor(k / 2), size = 1 / Math.sqrt(2 * pairs);
    return Float64Array.from({ length: k },
      (_, j) => (j >= 2 * pairs ? 0 : j % 2 ? -size : size));
  }
  function outputWeights(t) {
    const across = sideways(t.k);
    return across.map((e) => t.total / t.k + Math.sqrt(t.spread) * e);
  }

  // One step of one run, in place: `a` and the angle in `phi[run]`.
  function sampledStep(star, a, phi, run, plan, iteration) {
    const { batch, output, filter, seed } = plan, k = star.length, stream = [run, iteration];
    const angle = phi[run], cosine = Math.cos(angle), sine = Math.sin(angle);
    const gradient = new Float64Array(k), hidden = new Float64Array(k);
    let towards = 0, across = 0, call = 0, numbers = null;
    for (let i = 0; i < batch; i++) {
      let error = 0, slope = 0, share = 0;
      for (let j = 0; j < k; j++) {
        // Every call of the generator makes x and y of two patches.
        const second = (i * k + j) % 2;
        if (!second) numbers = core.uniforms(seed, stream, call++);
        const radius = Math.sqrt(-2 * Math.log(numbers[2 * second]));
        const turn = TWO_PI * numbers[2 * second + 1];
        const x = radius * Math.cos(turn), y = radius * Math.sin(turn);
        const label = cosine * x + sine * y;
        hidden[j] = x > 0 ? x : 0;
        if (label > 0) error -= star[j] * label;
        if (x > 0) {
          error += a[j] * x;
          slope += a[j] * y;
          share += a[j] * a[j];
        }
      }
      for (let j = 0; j < k; j++) gradient[j] += error * hidden[j];
      towards += error * slope;
      across += error * error * share;
    }
    const [u1, u2, u3] = core.uniforms(seed, stream, call);
    const length = Math.sqrt(-2 * (Math.log(u1) + Math.log(u2) + Math.log(u3)));
    for (let j = 0; j < k; j++) a[j] -= (output * gradient[j]) / batch;
    const forward = (filter * towards) / batch;
    const aside = (filter * Math.sqrt(across) * length) / batch;
    phi[run] = Math.atan2(Math.hypot(sine + forward * cosine, aside),
      cosine - forward * sine);
  }

  // All runs from one start (along, across), in units of the ball's radius; `tell(iteration, phi,
  // q)` gets every snapshot and may answer false to stop.
  function sampledRuns(t, plan, along, across, tell) {
    const star = outputWeights(t), e = sideways(t.k);
    const scale = t.radius / Math.max(1, Math.hypot(along, across));
    const first = e.map((x) => scale * (along / Math.sqrt(t.k) + across * x));
    const a = Array.from({ length: plan.runs }, () => first.slice());
    const phi = new Float64Array(plan.runs).fill(t.angle);
    const q = () => a.map((row) => row.reduce((sum, x, j) => sum + x * star[j], 0));
    tell(0, Array.from(phi), q());
    for (let iteration = 0; iteration < plan.iterations; iteration++) {
      for (let run = 0; run < plan.runs; run++) {
        sampledStep(star, a[run], phi, run, plan, iteration);
      }
      const done = iteration + 1;
      if (done % plan.every === 0 || done === plan.iterations) tell(done, Array.from(phi), q());
    }
    return { a: a.map((row) => Array.from(row)), phi: Array.from(phi) };
  }

  Object.assign(core, { outputWeights, sampledRuns, sampledStep });
});
