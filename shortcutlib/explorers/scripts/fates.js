// Where each start ends up: certificates, strides and classification, as in
// shortcutlib/certificates.py, order.py, multirevolution.py and outcomes.py, which prove them.
(function (part) {
  "use strict";
  const core = globalThis.shortcutCore;
  if (!core.classify) {
    part(core);
    core.sources.push(part.toString());
  }
})(function (core) {
  "use strict";
  const PI = Math.PI;
  const LARGEST_TURN = 1.8198;
  const PATIENCE = 10000000;
  const SHORTEST_STRIDE = 4;
  // Divisors of the longest stride, with the growth of deviations at which the next is tried;
  // divisor 0 takes single steps.
  const LADDER = [[1, Math.log(1e4)], [4, Math.log(1e7)], [0, Infinity]];

  // A function of (s, q, phi, |v|^2) that gives 1 for sure success, 2 for trapped, 0 for neither.
  function certifier(t, phases, cnn) {
    const width = t.k + PI - 1;
    const outputs = phases.map((phase) => phase.output);
    const rates = new Set(outputs.map((output) => (output * width) / (2 * PI)));
    const c = Math.max(...rates);
    const last = phases[phases.length - 1];
    if (
      !(last.output > 0 && last.filter > 0 && c < 2) ||
      Math.max(...outputs) * (PI - 1) > 2 * PI ||
      (c > 1 && rates.size > 1)
    ) {
      return () => 0;
    }
    const largestFilter = Math.max(...phases.map((phase) => phase.filter));
    const square = t.total * t.total, size = t.normSquared, u = c - 1;
    const high = (d, gap) => (c <= 1 ? Math.max(d, gap) : Math.max(d, -d / u, gap / (2 - c)));
    return (s, q, angle, squaredLength) => {
      const d = t.total !== 0 ? 1 - s / t.total : 0;
      const filterStep = largestFilter / squaredLength;
      const top = high(d, PI / width);
      if (q > 0) {
        const largest = Math.max(q, size + (top * square) / (PI - 1));
        const gentle = filterStep * largest < 4;
        if (!gentle && !cnn) return 0;
        const turn = gentle ? 0 : Math.atan((LARGEST_TURN / (2 * PI)) * filterStep * largest);
        const bound = Math.max(angle, turn);
        if (bound > PI / 2) return 0;
        const kernel = core.g(bound);
        const low = c <= 1 ? Math.min(d, 0) : -u * high(d, (PI - kernel) / width);
        return (kernel - 1) * size + low * square >= 0 ? 1 : 0;
      }
      if (q < 0) {
        const low = c <= 1 ? Math.min(d, 0) : -u * top;
        const largest = Math.max(-q, (size - low * square) / (PI - 1));
        const rest = PI - angle;
        const near = rest < PI / 4 && filterStep * largest * rest <= 4 * PI;
        if (!near && filterStep * largest > 40) return 0;
        return (core.g(angle) - 1) * size + top * square <= 0 ? 2 : 0;
      }
      return 0;
    };
  }

  // Whether steps preserve the order of shortcutlib/order.py for starts in the box |s|, |q| <= ...
  function preservesOrder(t, phases, sums, alignments) {
    const slack = sums.map((s) => t.total * (t.total - s));
    const high = Math.max(...slack, (t.total * t.total * PI) / (t.k + PI - 1));
    const low = Math.min(...slack, 0);
    const largest = Math.max(
      ...alignments.map(Math.abs),
      t.normSquared + high / (PI - 1),
      (t.normSquared - low) / (PI - 1)
    );
    return phases.every(
      (phase) => phase.output * (t.k + PI - 1) <= 2 * PI && phase.filter * largest < 2
    );
  }

  // Coefficients with which four stages make m steps at once.
  const weightsOf = new Map();
  function strideWeights(m) {
    if (weightsOf.has(m)) return weightsOf.get(m);
    const x = 1 / m;
    const line = (1 - x) / 2;
    const square = ((1 - x) * (2 - x)) / 6, chain = ((1 - x) * (1 - 2 * x)) / 6;
    const cube = (1 - x) ** 2 / 4;
    const mixed = (cube - x * square) / 2;
    const inner = (2 * cube - 3 * x * square + x * x * line) / 6;
    const longChain = ((1 - x) * (1 - 2 * x) * (1 - 3 * x)) / 24;
    const c = inner / chain;
    const last = (cube - c * square) / (square - c * line);
    const b4 = (square - c * line) / (last * (last - c));
    const both = (line - b4 * last) / c;
    const through3 = (last * chain - mixed) / (last - c);
    const through4 = (mixed - c * chain) / (last - c);
    const b3 = (through3 * through4) / (c * longChain);
    const a32 = through3 / (b3 * c), a43 = through4 / (b4 * c);
    const weights = [c, c - a32, a32, last - a43, a43, 1 - both - b4, both - b3, b3, b4]
      .map((value) => m * value);
    weightsOf.set(m, weights);
    return weights;
  }

  function longestStride(t, phase, alignment) {
    const turn = (LARGEST_TURN / (2 * PI)) * phase.filter;
    const fastest = Math.max(
      (phase.output * (t.k + PI - 1)) / (2 * PI * 0.16),
      Math.sqrt(((turn * LARGEST_TURN * phase.output) / (2 * PI)) * t.normSquared) / 0.3,
      (turn * Math.abs(alignment)) / 0.3,
      1e-9
    );
    const stride = Math.floor(Math.min(1 / fastest, 1e9));
    return stride >= SHORTEST_STRIDE ? stride : 1;
  }

  function growthRate(t, phase) {
    const damping = (phase.output * (PI - 1)) / (2 * PI);
    const coupling = ((phase.output * phase.filter) / 16) * t.normSquared;
    return Math.sqrt((damping * damping) / 4 + coupling) - damping / 2;
  }

  // m steps of the residual descent at once, in place; no step may pass a pole.
  const slopes = new Float64Array(12);
  function slope(t, phase, s, q, angle, at) {
    const rate = phase.output / (2 * PI), rest = PI - angle;
    const sine = Math.sin(rest), kernel = sine - rest * Math.cos(rest);
    slopes[at] = -rate * ((t.k + PI - 1) * s - (t.k + kernel - 1) * t.total);
    slopes[at + 1] = -rate *
      ((PI - 1) * q + s * t.total - (kernel - 1) * t.normSquared - t.total * t.total);
    slopes[at + 2] = -Math.atan((phase.filter / (2 * PI)) * q * rest * sine);
  }
  function stride(t, phase, x, w) {
    const f = slopes, s = x[0], q = x[1], a = x[2];
    slope(t, phase, s, q, a, 0);
    slope(t, phase, s + w[0] * f[0], q + w[0] * f[1], a + w[0] * f[2], 3);
    slope(t, phase, s + w[1] * f[0] + w[2] * f[3], q + w[1] * f[1] + w[2] * f[4],
      a + w[1] * f[2] + w[2] * f[5], 6);
    slope(t, phase, s + w[3] * f[0] + w[4] * f[6], q + w[3] * f[1] + w[4] * f[7],
      a + w[3] * f[2] + w[4] * f[8], 9);
    for (let i = 0; i < 3; i++) {
      x[i] += w[5] * f[i] + w[6] * f[i + 3] + w[7] * f[i + 6] + w[8] * f[i + 9];
    }
  }

  // As `core.descend` for a residual network, but from `budget` single steps on in strides: a path to
  // look at while a slider moves.  `exact` says whether single steps were enough; where strides are
  // not proved to work, the path just ends there.
  function glance(t, start, phases, options) {
    const { iterations, budget, growth, tolerance = 1e-6 } = options;
    const begun = core.descend(t, start, phases,
      { growth, tolerance, iterations: Math.min(budget, iterations) });
    const exact = begun.stop > 0 || begun.iterations >= iterations;
    if (exact || !preservesOrder(t, phases, [start[0]], [start[1]])) return { ...begun, exact };
    const x = Float64Array.from(begun.state), { path } = begun;
    const parts = core.stretches(phases);
    let i = begun.iterations, now = 0, stop = 0;
    while (!stop && i < iterations) {
      const next = Math.min(iterations, Math.max(i + 1, Math.floor(i * growth)));
      while (i < next) {
        while (i >= parts[now].end) now++;
        const { phase, end } = parts[now], left = Math.min(next, end) - i;
        let m = Math.min(longestStride(t, phase, x[1]), left);
        if (m < SHORTEST_STRIDE) {
          m = 1;
          core.step(t, x, phase.output, phase.filter, false);
        } else {
          stride(t, phase, x, strideWeights(m));
          x[2] = Math.min(Math.max(x[2], 0), PI);
          x[3] *= Math.abs(1 - (phase.output * (PI - 1)) / (2 * PI)) ** m;
        }
        i += m;
      }
      stop = core.arrival(t, x, tolerance);
      path.iteration.push(i);
      ["s", "q", "phi", "rest", "length"].forEach((name, n) => path[name].push(x[n]));
    }
    return { stop, iterations: i, path, state: Array.from(x), exact };
  }

  // Everything about a schedule that does not depend on the start.
  function plan(t, phases, cnn) {
    const parts = core.stretches(phases);
    return parts.map((stretch) => ({
      ...stretch,
      certify: certifier(t, parts.filter((p) => p.end > stretch.begin).map((p) => p.phase), cnn),
      rate: growthRate(t, stretch.phase),
    }));
  }

  const x = new Float64Array(5);
  function follow(t, parts, s, q, angle, cnn, divisor, mostGrowth, patience) {
    x[0] = s; x[1] = q; x[2] = angle; x[3] = 0; x[4] = 1;
    const largest = 1e8 * Math.max(1, t.normSquared);
    let iteration = 0, arrivalAt = 4096, growth = 0;
    for (const { phase, end, certify, rate } of parts) {
      const stopAt = Math.min(end, patience);
      let m = divisor ? Math.floor(longestStride(t, phase, x[1]) / divisor) : 1;
      if (m < SHORTEST_STRIDE) m = 1;
      for (;;) {
        const angleNow = x[2] < 0 ? 0 : x[2] > PI ? PI : x[2];
        let code = certify(x[0], x[1], angleNow, x[4] * x[4]);
        if (!(Math.abs(x[1]) < largest)) code = 3;
        if (!code && iteration >= arrivalAt) {
          arrivalAt = 2 * iteration;
          code = core.arrival(t, x, 1e-6);
        }
        if (code) return [code, iteration];
        if (iteration >= stopAt || growth > mostGrowth) break;
        const left = stopAt - iteration;
        if (left < m) m = left >= SHORTEST_STRIDE ? left : 1;
        const count = Math.min(m > 1 ? 2 : 12, Math.floor(left / m));
        if (m === 1) {
          for (let i = 0; i < count; i++) core.step(t, x, phase.output, phase.filter, cnn);
        } else {
          const w = strideWeights(m);
          for (let i = 0; i < count; i++) stride(t, phase, x, w);
        }
        iteration += count * m;
        growth += count * m * rate;
      }
      if (growth > mostGrowth || iteration >= patience) break;
    }
    return [0, iteration];
  }

  // A function of one start (s, q, phi) that gives its fate: [code, steps until it was certain].
  // Codes: 0 undecided, 1 global optimum, 2 trapped, 3 diverged.
  function judge(t, phases, cnn, patience = PATIENCE) {
    const parts = plan(t, phases, cnn).filter((part) => part.end > part.begin);
    return (s, q, angle) => {
      const ladder = !cnn && preservesOrder(t, phases, [s], [q]) ? LADDER : LADDER.slice(-1);
      let found = [0, 0];
      for (const [divisor, mostGrowth] of ladder) {
        found = follow(t, parts, s, q, angle, cnn, divisor, mostGrowth, patience);
        if (found[0] || found[1] >= patience) break;
      }
      return found;
    };
  }

  // Fates of many starts {s, q, phi}, typed arrays of one length.
  function classify(t, starts, phases, cnn, patience) {
    const decide = judge(t, phases, cnn, patience);
    return Uint8Array.from(starts.s, (s, i) => decide(s, starts.q[i], starts.phi[i])[0]);
  }

  Object.assign(core, { certifier, classify, glance, judge, preservesOrder });
});
