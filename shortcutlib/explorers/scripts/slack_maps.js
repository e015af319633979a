// The slack of Lemmas 7, 11 and 12: the same mathematics as shortcutlib/slack_maps.py.
(() => {
  "use strict";
  const core = globalThis.shortcutCore;
  if (core.slackMap) return;
  const PI = Math.PI, ACUTE = (5 * PI) / 12, LARGEST = (PI - 1) / (2 * PI);
  const PRINTED = 1 / (10 * PI);
  const BEST = (PI - 1 - core.gDeficit(ACUTE) / (1 - 1 / 20)) / (2 * PI);
  const clip = (x, low, high) => Math.min(Math.max(x, low), high);

  // Least value of ((s - S)^2 + kappa |a - a*|^2)/N among the students with q = share N.
  function worstStudent(k, free, share, kappa, width, needed) {
    const root = Math.sqrt(Math.max(1 - free, 0)), away = 1 - share;
    const hasRest = k > (free > 0 ? 2 : 1), banded = width < Infinity && root > 0;
    const low = banded ? -width * root : -Infinity, high = banded ? 0 : Infinity;
    let z, square, rest = 0, possible = true;
    if (free === 0) {
      z = -away;
      square = away * away;
      const missing = Math.max(needed - square, 0);
      if (hasRest) rest = Math.sqrt(missing);
      else possible = missing === 0;
      if (banded) possible = possible && z >= low - 1e-12 * width && z <= high + 1e-12;
    } else {
      const distance = () => away * away + (z + root * away) ** 2 / free;
      z = clip((-kappa * root * away) / (k * free + kappa), low, high);
      if (distance() < needed) {
        const half = Math.sqrt(free * Math.max(needed - away * away, 0));
        const ends = [-root * away - half, -root * away + half];
        if (hasRest) z = clip(0, Math.max(ends[0], low), Math.min(ends[1], high));
        else {
          const cost = ends.map((end) => (end >= low && end <= high ? Math.abs(end) : Infinity));
          z = cost[0] < cost[1] ? ends[0] : ends[1];
          possible = Math.min(...cost) < Infinity;
        }
        if (hasRest) rest = Math.sqrt(Math.max(needed - distance(), 0));
      }
      square = distance();
    }
    const curvature = possible ? k * z * z + kappa * (square + rest * rest) : Infinity;
    return { curvature, sum: root + z, rest };
  }

  // v has the explorer's parameters; slack and bounds of q are over N.
  core.slackMap = (v) => {
    const free = v.k === 1 ? 0 : 1 - v.fraction;
    let constant = Math.min(v.multiple * (v.repaired ? BEST : PRINTED), LARGEST);
    let allowance = 0, largestAngle = ACUTE;
    if (v.lemma === 11) [constant, largestAngle] = [(v.multiple * v.m) / 8, PI / 2];
    if (v.lemma === 12) {
      constant = Math.min(v.multiple, 1) * LARGEST;
      allowance = v.repaired ? (v.delta * Math.max(1 - v.m, 0)) / 4 : v.delta / (5 * v.size);
      largestAngle = 2 * Math.asin(Math.min(Math.sqrt(v.delta) / 2, 1));
    }
    const kappa = Math.max(PI - 1 - 2 * PI * (v.lemma === 11 ? 0 : constant), 0);
    const student = (share) => v.lemma === 7
      ? worstStudent(v.k, free, share, kappa, 3, share <= 0.05 ? -Infinity : 1.75 - share)
      : worstStudent(v.k, free, share, kappa, Infinity, -Infinity);
    // The part that depends on x, and the whole from it and the angle's parts.
    const bend = (share) => (v.lemma === 11 ? 0 : student(share).curvature);
    const pullAt = (angle) => ((PI - angle) * (1 + Math.cos(angle))) / (4 * PI);
    const turn = v.lemma === 11 ? pullAt : core.gDeficit;
    const combine = v.lemma === 11
      ? (turned, share) => share * turned - constant
      : (turned, share, bent) => (bent - turned * (1 - share)) / (2 * PI) + allowance;
    const slack = (angle, share) => combine(turn(angle), share, bend(share));
    const inside = (angle, share) => angle <= largestAngle && (v.lemma === 7
      ? Number.isFinite(bend(share))
      : share >= v.m && (v.lemma === 11 || share <= v.largest));

    function candidates() {
      if (v.lemma === 7) {
        const half = Math.sqrt(free * free + 3 * free);
        const scan = Array.from({ length: 401 }, (_, i) => -3 + (7 * i) / 400);
        return [0.05, 1, 1 - (free - half) / 2, 1 - (free + half) / 2, ...scan];
      }
      if (v.m > v.largest) return [];
      const bent = bend(0);
      const lowest = bent > 0 ? core.gDeficit(largestAngle) / (2 * bent) : Infinity;
      return [clip(1 - lowest, v.m, v.largest), clip(1, v.m, v.largest)];
    }
    function worst() {
      if (v.lemma === 11) {
        return { slack: slack(largestAngle, v.m), angle: largestAngle, share: v.m };
      }
      let found = { slack: Infinity, angle: largestAngle, share: v.m };
      const places = candidates(), bends = places.map(bend);
      for (const angle of [largestAngle, 0]) {
        const turned = turn(angle);
        places.forEach((share, i) => {
          const value = combine(turned, share, bends[i]);
          if (value < found.slack) found = { slack: value, angle, share };
        });
      }
      return found;
    }
    return { constant, allowance, largestAngle, student, bend, turn, combine, slack, inside, worst };
  };
})();
