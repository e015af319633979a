// Random starts that the page and Python draw alike (shortcutlib/philox.py), and their statistics.
(function (part) {
  "use strict";
  const core = globalThis.shortcutCore;
  if (!core.philox) {
    part(core);
    core.sources.push(part.toString());
  }
})(function (core) {
  "use strict";
  const WORD = 4294967296;

  // Upper half of the product of two 32-bit numbers.
  function upper(a, b) {
    const ah = a >>> 16, al = a & 65535, bh = b >>> 16, bl = b & 65535;
    const first = ah * bl + Math.floor((al * bl) / 65536);
    const second = al * bh + (first % 65536);
    return ah * bh + Math.floor(first / 65536) + Math.floor(second / 65536);
  }

  // Philox4x32-10 (Salmon, Moraes, Dror and Shaw, 2011): four words from a counter and a key.
  function philox(counter, key) {
    let [c0, c1, c2, c3] = counter, [k0, k1] = key;
    for (let round = 0; round < 10; round++) {
      const h0 = upper(0xd2511f53, c0), l0 = Math.imul(0xd2511f53, c0);
      const h1 = upper(0xcd9e8d57, c2), l1 = Math.imul(0xcd9e8d57, c2);
      c0 = (h1 ^ c1 ^ k0) >>> 0;
      c1 = l1 >>> 0;
      c2 = (h0 ^ c3 ^ k1) >>> 0;
      c3 = l0 >>> 0;
      k0 = (k0 + 0x9e3779b9) >>> 0;
      k1 = (k1 + 0xbb67ae85) >>> 0;
    }
    return [c0, c1, c2, c3];
  }

  // The four numbers in (0, 1) of one trial: key = seed, counter = trial and stream.
  function uniforms(seed, stream, trial) {
    const words = philox(
      [trial % WORD, Math.floor(trial / WORD), stream[0], stream[1]],
      [seed % WORD, Math.floor(seed / WORD)]
    );
    return words.map((word) => (word + 0.5) / WORD);
  }

  const SETTINGS = ["resnet", "resnet-warmup", "cnn"];

  // The paper's random starts number first, ..., first + count - 1 of one cell of Table 1.
  function starts(t, setting, seed, first, count) {
    const index = SETTINGS.indexOf(setting);
    const s = new Float64Array(count), q = new Float64Array(count), phi = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const [u1, u2, u3, u4] = uniforms(seed, [index, t.k], first + i);
      const r = Math.sqrt(1 - u1 ** (2 / t.k)), theta = 2 * Math.PI * u2;
      s[i] = Math.sqrt(t.k) * t.radius * r * Math.cos(theta);
      q[i] = (s[i] * t.total) / t.k + Math.sqrt(t.spread) * t.radius * r * Math.sin(theta);
      if (setting === "cnn") {
        const across = t.p === 2 ? 1 : Math.sqrt(1 - u3 ** (2 / (t.p - 2)));
        phi[i] = Math.acos(across * Math.cos(2 * Math.PI * u4));
      } else phi[i] = t.angle;
    }
    return { s, q, phi };
  }

  // 95% Wilson interval of a rate.
  function wilson(successes, trials) {
    const z = 1.959963984540054, z2 = (z * z) / trials, rate = successes / trials;
    const centre = (rate + z2 / 2) / (1 + z2);
    const half = (z * Math.sqrt((rate * (1 - rate)) / trials + z2 / (4 * trials))) / (1 + z2);
    return [
      successes === 0 ? 0 : Math.max(0, centre - half),
      successes === trials ? 1 : Math.min(1, centre + half),
    ];
  }

  // Regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz's method).
  function logGamma(z) {
    if (z < 12) return logGamma(z + 1) - Math.log(z);
    const y = 1 / (z * z);
    return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) +
      (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / z;
  }
  function betainc(a, b, x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - betainc(b, a, 1 - x);
    const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) +
      a * Math.log(x) + b * Math.log1p(-x)) / a;
    let c = 1, d = 1 / (1 - ((a + b) * x) / (a + 1)), value = d;
    for (let m = 1; m < 300; m++) {
      const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
      d = 1 / (1 + even * d);
      c = 1 + even / c;
      value *= c * d;
      const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
      d = 1 / (1 + odd * d);
      c = 1 + odd / c;
      value *= c * d;
      if (Math.abs(c * d - 1) < 1e-15) break;
    }
    return front * value;
  }

  // P(T > t) for a coordinate T with density proportional to (1 - t^2)^(power - 1) on [-1, 1].
  function upperTail(t, power) {
    if (t <= -1) return 1;
    if (t >= 1) return 0;
    const outside = 0.5 * betainc(power, 0.5, (1 - t) * (1 + t));
    return t >= 0 ? outside : 1 - outside;
  }

  Object.assign(core, { SETTINGS, philox, starts, uniforms, upperTail, wilson });
});
