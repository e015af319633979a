// The reduced descent: the same mathematics as shortcutlib/reduced.py, operation for operation.
//
// A classic script without dependencies, so that it runs from the disk (file://), over http, in a
// worker and in Node.  `shortcutCore.sources` keeps the text of every part: a worker is made of it.
(function (part) {
  "use strict";
  const core = (globalThis.shortcutCore = globalThis.shortcutCore || { sources: [] });
  if (!core.g) {
    part(core);
    core.sources.push(part.toString());
  }
})(function (core) {
  "use strict";
  const PI = Math.PI;
  const ANGLE_FLOOR = 1e-150;
  const DIVERGED_BEYOND = 1e16;

  // sin x - x cos x without cancellation, for x in [0, pi].
  function sineMinusArcCosine(x) {
    if (x >= 0.5) return Math.sin(x) - x * Math.cos(x);
    const square = x * x;
    let series = 1.0;
    for (const divisor of [180, 130, 88, 54, 28, 10]) series = 1 - (square / divisor) * series;
    return ((x * square) / 3) * series;
  }

  const g = (angle) => sineMinusArcCosine(PI - angle);
  const KERNEL_AT_ZERO = g(0);

  function gDeficit(angle) {
    const half = Math.sin(angle / 2);
    return 2 * PI * half * half - sineMinusArcCosine(angle);
  }

  // What the descent sees of a teacher: k, S, N, the shortcut's angle, and for the CNN p.
  function teacher(k, total, normSquared, angle, p = 8) {
    const excess = normSquared - (total * total) / k;
    const spread = k > 1 && excess > 1e-14 * normSquared ? excess : 0;
    return { k, p, total, normSquared, spread, angle, radius: Math.abs(total) / Math.sqrt(k) };
  }

  // One step, in place; x = [s, q, phi, |rest of a|, |v|].
  function step(t, x, outputStep, filterStep, cnn) {
    const s = x[0], q = x[1], angle = x[2];
    const rate = outputStep / (2 * PI);
    // The angle is 0 exactly for most of a long run: no sine is needed there.
    const kernel = angle === 0 ? KERNEL_AT_ZERO : g(angle);
    let turn = angle === 0 ? 0 : (filterStep / (2 * PI)) * q * (PI - angle) * Math.sin(angle);
    if (cnn) {
      turn /= x[4] * x[4];
      x[4] *= Math.sqrt(1 + turn * turn);
    }
    // A step may pass the pole v* (below 0) or -v* (above pi); the angle to v* folds there.
    let turned = Math.abs(angle - Math.atan(turn));
    if (turned > PI) turned = 2 * PI - turned;
    x[0] = s - rate * ((t.k + PI - 1) * s - (t.k + kernel - 1) * t.total);
    x[1] = q - rate *
      ((PI - 1) * q + s * t.total - (kernel - 1) * t.normSquared - t.total * t.total);
    x[2] = turned < ANGLE_FLOOR ? 0 : turned;
    x[3] *= Math.abs(1 - rate * (PI - 1));
  }

  // Squared norm of a vector with sum s, product q with a*, and norm `rest` across both.
  function squaredNorm(t, s, q, rest) {
    const plain = (s * s) / t.k + rest * rest;
    if (t.spread === 0) return plain;
    const across = q - (s * t.total) / t.k;
    return plain + (across * across) / t.spread;
  }

  const outputDistance = (t, x) => squaredNorm(t, x[0] - t.total, x[1] - t.normSquared, x[3]);
  const spuriousSum = (t) => ((t.k - 1) * t.total) / (t.k + PI - 1);
  const spuriousAlignment = (t) =>
    ((PI * t.total * t.total) / (t.k + PI - 1) - t.normSquared) / (PI - 1);
  const spuriousDistance = (t, x) =>
    squaredNorm(t, x[0] - spuriousSum(t), x[1] - spuriousAlignment(t), x[3]);

  function filterDistance(x) {
    const half = Math.sin(x[2] / 2);
    return 4 * half * half;
  }

  function loss(t, x) {
    const away = x[0] - t.total;
    return (away * away + (PI - 1) * outputDistance(t, x) + 2 * gDeficit(x[2]) * x[1]) / (4 * PI);
  }

  const spuriousIsMinimum = (t) =>
    PI * t.total * t.total < t.normSquared * (t.k + PI - 1) * (1 - 1e-12);

  // Angle of the saddles between the optima, or null where there are none.
  function saddleAngle(t) {
    if (!spuriousIsMinimum(t)) return null;
    const share = (t.total * t.total) / (t.normSquared * (t.k + PI - 1));
    const target = (1 - PI * share) / (1 - share);
    let low = 0, high = PI;
    for (let i = 0; i < 80; i++) {
      const middle = 0.5 * (low + high);
      if (g(middle) > target) low = middle;
      else high = middle;
    }
    return low;
  }

  // Phases {output, filter, iterations or null}, with the iterations at which they begin and end.
  function stretches(phases) {
    let begin = 0;
    return phases.map((phase) => {
      const end = phase.iterations === null ? Infinity : begin + phase.iterations;
      const stretch = { phase, begin, end };
      begin = end;
      return stretch;
    });
  }

  // 0 running, 1 at the global optimum, 2 at the spurious point, 3 diverged: the paper's rule.
  function arrival(t, x, tolerance) {
    const output = outputDistance(t, x), rest = PI - x[2];
    const largest = DIVERGED_BEYOND * Math.max(1, t.normSquared);
    // Nearly always neither is near: 4 cos(phi/2)^2 is at least 0.4 (pi - phi)^2.
    if (output > tolerance && 0.4 * rest * rest > tolerance && output < largest / 2) return 0;
    const filter = filterDistance(x);
    if (!(output + filter < largest)) return 3;
    if (output + filter <= tolerance) return 1;
    return spuriousDistance(t, x) + (4 - filter) <= tolerance ? 2 : 0;
  }

  // A whole run.  `growth` 1 keeps every iterate; above 1 about evenly many in each decade.
  function descend(t, start, phases, options = {}) {
    const { cnn = false, iterations = 100000, tolerance = 1e-6, growth = 1 } = options;
    const x = Float64Array.from(start);
    const kept = { iteration: [], s: [], q: [], phi: [], rest: [], length: [] };
    const keep = (iteration) => {
      kept.iteration.push(iteration);
      kept.s.push(x[0]);
      kept.q.push(x[1]);
      kept.phi.push(x[2]);
      kept.rest.push(x[3]);
      kept.length.push(x[4]);
    };
    const parts = stretches(phases);
    let stop = 0, next = 0, now = 0, i = 0;
    for (;;) {
      stop = arrival(t, x, tolerance);
      if (i >= next || stop || i >= iterations) {
        keep(i);
        next = Math.max(i + 1, Math.floor(i * growth));
      }
      if (stop || i >= iterations) break;
      while (i >= parts[now].end) now++;
      step(t, x, parts[now].phase.output, parts[now].phase.filter, cnn);
      i++;
    }
    return { stop, iterations: i, path: kept, state: Array.from(x) };
  }

  Object.assign(core, {
    arrival, descend, filterDistance, g, gDeficit, loss, outputDistance, saddleAngle,
    sineMinusArcCosine, spuriousAlignment, spuriousDistance, spuriousIsMinimum, spuriousSum, step,
    stretches, teacher,
  });
});
