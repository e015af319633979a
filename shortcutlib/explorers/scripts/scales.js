// Scales between data and pixels, their ticks, and the parameters that most explorers share.
(() => {
  "use strict";
  if (globalThis.shortcutExplorers.scale) return;
  const { digits, raised } = globalThis.shortcutExplorers;
  const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

  // A scale from data to pixels; `log` may be true (the range then is positive).
  function scale({ low, high, log }, from, to) {
    const f = log ? Math.log10 : (x) => x;
    const a = f(low), slope = (to - from) / (f(high) - a);
    const map = (x) => from + (f(log ? Math.max(x, low * 1e-3) : x) - a) * slope;
    map.inverse = (pixel) => {
      const value = a + (pixel - from) / slope;
      return log ? 10 ** value : value;
    };
    return map;
  }

  const power = (exponent) => (exponent === 0 ? "1" : exponent === 1 ? "10" : `10${raised(exponent)}`);
  // About `most` ticks; given ones are thinned out, ends kept, where they would be twice as many.
  function ticksOf({ low, high, log, ticks }, most = 5) {
    if (ticks) return ticks.length < 2 * most - 1 ? ticks : ticks.filter((_, i) => i % 2 === 0);
    if (log) {
      const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
      const every = Math.max(1, Math.ceil((last - first) / most)), found = [];
      for (let e = first; e <= last; e += every) found.push([10 ** e, power(e)]);
      return found;
    }
    const rough = (high - low) / (most - 1), base = 10 ** Math.floor(Math.log10(rough));
    const step = base * [1, 2, 5, 10].find((m) => m * base >= rough);
    const found = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
      found.push([i * step, digits(i * step, 6)]);
    }
    return found;
  }

  const ANGLES = { low: 0, high: Math.PI, ticks: [[0, "0"], [Math.PI / 4, "π/4"],
    [Math.PI / 2, "π/2"], [(3 * Math.PI) / 4, "3π/4"],
    [Math.PI, "π"]] };

  // The teacher and the schedules that the common parameters describe.
  function problem(v) {
    const size = v.size * v.k;
    const output = v.output_step / (v.k * v.k), filter = v.ratio * output;
    const last = { output, filter, iterations: null };
    const careful = { output, filter: filter * output, iterations: v.warmup };
    return {
      t: shortcutCore.teacher(v.k, Math.sqrt(v.share * size), size, v.angle * Math.PI),
      plain: [last],
      warm: v.warmup > 0 ? [careful, last] : [last],
    };
  }

  // (s, q) of the start at (along, across) in units of the ball's radius; outside: the rim.
  function startAt(t, along, across) {
    const scale = t.radius / Math.max(1, Math.hypot(along, across));
    const s = Math.sqrt(t.k) * scale * along;
    return [s, (s * t.total) / t.k + Math.sqrt(t.spread) * scale * across];
  }

  Object.assign(globalThis.shortcutExplorers, { ANGLES, clamp, problem, scale, startAt, ticksOf });
})();
