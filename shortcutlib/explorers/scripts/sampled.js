// Stochastic descent by the exact sampler of shortcutlib/minibatch.py, with the random numbers of
// shortcutlib/explorers/noise.py; where the runs are, as shortcutlib/whereabouts.py; and the border
// between the basins of plain descent.
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

  // Half the mean squared error of a student in the trap (shortcutlib/generalisation.py).
  function spuriousError(t) {
    const PI = Math.PI, mean = (t.total * t.total) / t.k;
    return (((PI - 2) / (PI - 1)) * (t.normSquared - mean) +
      ((2 * t.k + PI - 2) / (t.k + PI - 1)) * mean) / 4;
  }

  // 1 near the optimum, 2 near the trap, 0 neither.
  function place(t, star, a, phi) {
    let s = 0, q = 0, distance = 0;
    for (let j = 0; j < star.length; j++) {
      s += a[j];
      q += a[j] * star[j];
      distance += (a[j] - star[j]) ** 2;
    }
    const loss = ((s - t.total) ** 2 + (Math.PI - 1) * distance + 2 * core.gDeficit(phi) * q) /
      (4 * Math.PI);
    if (loss <= 0.01 * spuriousError(t)) return 1;
    return q < 0 && phi >= (2 * Math.PI) / 3 ? 2 : 0;
  }

  // All runs from one start (along, across), in units of the ball's radius; `tell(iteration, phi,
  // q, places)` gets every snapshot.
  function sampledRuns(t, plan, along, across, tell) {
    const star = outputWeights(t), e = sideways(t.k);
    const scale = t.radius / Math.max(1, Math.hypot(along, across));
    const first = e.map((x) => scale * (along / Math.sqrt(t.k) + across * x));
    const a = Array.from({ length: plan.runs }, () => first.slice());
    const phi = new Float64Array(plan.runs).fill(t.angle);
    const q = () => a.map((row) => row.reduce((sum, x, j) => sum + x * star[j], 0));
    const places = () => a.map((row, run) => place(t, star, row, phi[run]));
    const say = (iteration) => tell(iteration, Array.from(phi), q(), places());
    say(0);
    for (let iteration = 0; iteration < plan.iterations; iteration++) {
      for (let run = 0; run < plan.runs; run++) {
        sampledStep(star, a[run], phi, run, plan, iteration);
      }
      const done = iteration + 1;
      if (done % plan.every === 0 || done === plan.iterations) say(done);
    }
    return { a: a.map((row) => Array.from(row)), phi: Array.from(phi) };
  }

  // The step size at which the optimum stops holding runs, with the outputs held at a*: the closed
  // formula of shortcutlib/noise_stability.py.
  function largestStableStep(t, batch) {
    const fourth = outputWeights(t).reduce((sum, x) => sum + x ** 4, 0) / t.normSquared ** 2;
    return (4 * batch) / (batch + t.p + (t.p + 1) * fourth) / t.normSquared;
  }

  // q*/N where s has settled, sought up to `largest`, for steps of at most `step`; null where s
  // fixes q.
  function settledBorder(t, step, angles, largest) {
    if (t.spread === 0) return null;
    const width = t.k + Math.PI - 1, highest = largest * t.normSquared;
    const eta = Math.min(step, 1 / width, 1 / highest);
    const decide = core.judge(t, [{ output: eta, filter: eta, iterations: null }], false);
    return angles.map((angle) => {
      const s = (t.total * (t.k + core.g(angle) - 1)) / width;
      const fails = (q) => decide(s, q, angle)[0] !== 1;
      let low = -highest, high = highest;
      if (!fails(low)) return -Infinity;
      if (fails(high)) return Infinity;
      for (let i = 0; i < 14; i++) {
        const middle = (low + high) / 2;
        if (fails(middle)) low = middle;
        else high = middle;
      }
      return (low + high) / 2 / t.normSquared;
    });
  }

  Object.assign(core, { largestStableStep, outputWeights, place, sampledRuns, sampledStep,
    settledBorder });
});
