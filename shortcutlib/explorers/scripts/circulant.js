// ResLink with circulant weights: the same mathematics as shortcutlib/reslink/circulant.py.
(function (part) {
  "use strict";
  const core = globalThis.shortcutCore;
  if (!core.circulantMeasure) {
    part(core);
    core.sources.push(part.toString());
  }
})(function (core) {
  "use strict";
  const GOLDEN = 0.6180339887498949;

  function skewColumn(d, offset) {
    const column = new Float64Array(d);
    const last = Math.floor((d + 1) / 2) - 1;
    for (let m = 1; m <= last; m++) {
      const sign = (GOLDEN * (m + offset) * (m + offset)) % 1 < 0.5 ? 1 : -1;
      for (let i = 0; i < d; i++) column[i] += (2 / d) * sign * Math.sin((2 * Math.PI * m * i) / d);
    }
    return column;
  }

  function circulantStart(d, frobenius, trace) {
    const shift = (trace * frobenius * frobenius) / (d - 1);
    const left = frobenius * frobenius - shift * shift * (d - 1);
    const column = skewColumn(d, 0);
    const square = d * column.reduce((sum, x) => sum + x * x, 0);
    const alpha = Math.sqrt(left / square);
    for (let i = 0; i < d; i++) column[i] = alpha * column[i] - shift / d;
    column[0] += shift;
    return column;
  }

  const circulantTeacher = (d, spectral) => skewColumn(d, 0.5).map((x) => spectral * x);

  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

  // Products of all columns on the left with the first column on the right.
  function products(left, right) {
    const d = left.length, found = new Float64Array(d);
    for (let i = 0; i < d; i++) {
      let sum = 0;
      for (let k = 0; k < i; k++) sum += left[k - i + d] * right[k];
      for (let k = i; k < d; k++) sum += left[k - i] * right[k];
      found[i] = sum;
    }
    return found;
  }

  function distanceBetween(u, v, sign) {
    return Math.sqrt(u.reduce((sum, x, i) => sum + (x + sign * v[i]) ** 2, 0));
  }

  // A teacher's part of the loss never changes in a run.
  function circulantTruth(column) {
    const q = Float64Array.from(column);
    q[0] += 1;
    const aim = Math.sqrt(dot(q, q));
    let own = Math.PI;
    products(q, q).forEach((product, i) => {
      if (i === 0) return;
      const cosine = Math.min(1, Math.max(-1, product / (aim * aim))), angle = Math.acos(cosine);
      own += Math.sin(angle) + (Math.PI - angle) * cosine;
    });
    return { column, q, aim, own: own * aim * aim };
  }

  function circulantMeasure(column, truth) {
    const d = column.length, p = Float64Array.from(column);
    p[0] += 1;
    const { q, aim } = truth, length = Math.sqrt(dot(p, p));
    const gradient = new Float64Array(d);
    let along = 0, value = truth.own;
    for (const [sign, left, size] of [[1, p, length], [-1, q, aim]]) {
      const product = products(left, p);
      for (let i = 0; i < d; i++) {
        let cosine = Math.min(1, Math.max(-1, product[i] / (size * length)));
        let angle = Math.acos(cosine);
        if (i === 0 && sign > 0) [angle, cosine] = [0, 1];
        else if (i === 0 && cosine > 0.99) {
          // The arc cosine loses half the digits where student and teacher nearly agree.
          const u = p.map((x) => x / length), v = q.map((x) => x / aim);
          angle = 2 * Math.atan2(distanceBetween(u, v, -1), distanceBetween(u, v, 1));
        }
        const sine = Math.sin(angle), rest = Math.PI - angle;
        along += sign * size * sine;
        value += (1.5 * sign - 0.5) * size * length * (sine + rest * cosine);
        const weight = sign * rest;
        for (let k = 0; k < i; k++) gradient[k] += weight * left[k - i + d];
        for (let k = i; k < d; k++) gradient[k] += weight * left[k - i];
      }
    }
    let squared = 0, inner = 0, longer = 0;
    for (let i = 0; i < d; i++) {
      gradient[i] = (gradient[i] + p[i] * (along / length)) / Math.PI;
      const away = truth.column[i] - column[i];
      squared += away * away;
      inner -= gradient[i] * away;
      longer += away * (p[i] + q[i]);
    }
    return { distance: Math.sqrt(d * squared), inner: d * inner,
      potential: (d * longer) / (length + aim), loss: (d * Math.max(value, 0)) / (2 * Math.PI),
      gradient };
  }

  // A whole descent; from iteration 200 on only about every fiftieth in each e-fold is kept.
  function circulantDescend(start, truth, rate, iterations, all = false) {
    let column = Float64Array.from(start);
    const path = { iteration: [], distance: [], inner: [], potential: [], loss: [] };
    let next = 0, first = null;
    for (let i = 0; ; i++) {
      const here = circulantMeasure(column, truth);
      if (first === null) first = here.distance;
      const stop = i >= iterations || (!all && (here.distance <= 1e-5 * first ||
        !(here.distance < 1e3 * (1 + first))));
      if (i >= next || stop) {
        path.iteration.push(i);
        for (const name of ["distance", "inner", "potential", "loss"]) path[name].push(here[name]);
        next = all || i < 200 ? i + 1 : Math.floor(i * 1.02) + 1;
      }
      if (stop) return path;
      column = column.map((x, k) => x - rate * here.gradient[k]);
    }
  }

  Object.assign(core, { circulantDescend, circulantMeasure, circulantStart, circulantTeacher,
    circulantTruth });
});
