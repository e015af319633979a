// Example 1: the same mathematics as shortcutlib/linear_bound/example_1.py.
(() => {
  "use strict";
  const SHARE = 0.5, LONGEST = 0.05, STILL = 1e-10, RIM = 720, STEPS = 4000, NEAR = 1e-3;
  const BEST = "global minimum", SPURIOUS = "spurious local minimum", SADDLE = "saddle";

  const value = (e, w, v) =>
    ((w * (1 + e.epsilon * v) - 1) ** 2 + e.decay * (w * w + v * v)) / 2;

  function gradient(e, w, v) {
    const t = 1 + e.epsilon * v, short = w * t - 1;
    return [short * t + e.decay * w, e.epsilon * short * w + e.decay * v];
  }

  function bisect(f, low, high) {
    for (let i = 0; i < 100; i++) {
      const middle = (low + high) / 2;
      if (f(middle) < 0) low = middle;
      else high = middle;
    }
    return high;
  }

  // At w = t/(t^2 + lambda) the slope in w vanishes; what is left is one equation in t.
  function stationaryPoints(e) {
    const { decay } = e, square = e.epsilon ** 2;
    const at = (t, kind) => {
      const w = t ? t / (t * t + decay) : 0, v = (t - 1) / e.epsilon;
      return { w, v, value: value(e, w, v), kind };
    };
    if (decay === 0) return [at(0, SADDLE)];
    const right = (t) => (t - 1) * (t * t + decay) ** 2 - square * t;
    const left = (s) => (1 + s) * (s * s + decay) ** 2 - square * s;
    const slope = (s) => (s * s + decay) * (s * s + decay + 4 * s * (1 + s)) - square;
    const found = [at(bisect(right, 1, 2 + square), BEST)], far = 1 + square;
    if (slope(0) < 0) {
      const lowest = bisect(slope, 0, far);
      if (left(lowest) < 0) {
        found.push(at(-bisect(left, lowest, far), SPURIOUS));
        found.push(at(-bisect((s) => -left(s), 0, lowest), SADDLE));
      }
    }
    return found;
  }

  function rimMinima(e, radius) {
    const along = (angle) => {
      const c = Math.cos(angle), s = Math.sin(angle), g = gradient(e, radius * c, radius * s);
      return radius * (g[1] * c - g[0] * s);
    };
    const found = [], angle = (i) => (2 * Math.PI * i) / RIM;
    for (let i = 0; i < RIM; i++) {
      if (!(along(angle(i)) < 0 && along(angle(i + 1)) >= 0)) continue;
      const best = bisect(along, angle(i), angle(i + 1));
      const w = radius * Math.cos(best), v = radius * Math.sin(best), g = gradient(e, w, v);
      if (g[0] * w + g[1] * v <= 1e-9) found.push({ w, v, value: value(e, w, v) });
    }
    const inside = stationaryPoints(e).filter((p) => p.kind === BEST &&
      Math.hypot(p.w, p.v) < radius);
    const least = Math.min(...found.map((p) => p.value), ...inside.map((p) => p.value));
    return found.map((p) => ({ ...p, kind: p.value <= least + 1e-9 ? BEST : SPURIOUS }));
  }

  function path(e, start, radius) {
    const project = ([w, v]) => {
      if (radius === null) return [w, v];
      const scale = Math.min(1, radius / Math.max(Math.hypot(w, v), 1e-300));
      return [w * scale, v * scale];
    };
    let [w, v] = project(start);
    const ws = [w], vs = [v];
    for (let i = 0; i < STEPS; i++) {
      const g = gradient(e, w, v), t = 1 + e.epsilon * v;
      const mixed = e.epsilon * (2 * w * t - 1);
      const bend = Math.sqrt((t * t + e.decay) ** 2 + 2 * mixed * mixed +
        ((e.epsilon * w) ** 2 + e.decay) ** 2);
      const rate = Math.min(SHARE / Math.max(bend, 1e-12),
        LONGEST / Math.max(Math.hypot(...g), 1e-12));
      const [a, b] = project([w - rate * g[0], v - rate * g[1]]);
      const moved = Math.hypot(a - w, b - v);
      [w, v] = [a, b];
      ws.push(w);
      vs.push(v);
      if (moved < STILL) break;
    }
    return { ws, vs };
  }

  // Everything the explorer shows, from its parameters.
  function everything(v) {
    const e = { epsilon: v.epsilon, decay: v.decay }, radius = v.bounded ? v.radius : null;
    let points = stationaryPoints(e);
    if (radius !== null) {
      points = [...points.filter((p) => Math.hypot(p.w, p.v) < radius), ...rimMinima(e, radius)];
    }
    const way = path(e, [v.w, v.v], radius), end = [way.ws.at(-1), way.vs.at(-1)];
    const near = points.find((p) => Math.hypot(p.w - end[0], p.v - end[1]) < NEAR);
    const fate = near ? near.kind
      : e.decay === 0 && value(e, ...end) < 1e-8 ? "valley of zero loss" : "still on its way";
    const line = Math.min(1 / (1 + e.decay), radius === null ? Infinity : radius);
    return { e, radius, points, way, end, fate, endValue: value(e, ...end),
      endLoss: value({ ...e, decay: 0 }, ...end), line: value(e, line, 0) };
  }

  globalThis.shortcutExample = { everything, gradient, path, rimMinima, stationaryPoints, value };
})();
