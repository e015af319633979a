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

// The map itself: bands of slack, numbered contours, the region, its worst point; drag the point.
(() => {
  "use strict";
  const own = globalThis.shortcutExplorers;
  // Without a page there is mathematics only.
  if (!own) return;
  const { ANGLES, Panel, clamp, define, digits } = own;
  const core = globalThis.shortcutCore;
  const PI = Math.PI, LOW = -1, HIGH = 2.5, WIDE = 90, TALL = 84, ROWS = 100;
  const STEPS = [0.01, 0.03, 0.1, 0.3, 1];
  const LEVELS = [-0.3, -0.1, -0.03, -0.01, 0, ...STEPS];
  // The parameters that each lemma has besides those of every map.
  const NEEDS = { 7: ["k", "fraction"], 11: ["m"],
    12: ["k", "fraction", "size", "m", "largest", "delta"] };
  const number = (x) => digits(x, 3).replace("-", "−");

  define("dissipativity", (explorer) => {
    const { values } = explorer;
    const panel = new Panel(explorer, { title: "Slack over N", height: 400, canvas: true, moves: true,
      alt: "Map of the slack over angle and alignment, with the lemma's region outlined and what " +
        "violates it hatched; one point can be moved" });
    explorer.panels.classList.add("se-wide");
    const place = panel.handle({
      label: "student",
      moved: (x, y) => explorer.set({ angle: Number((clamp(x, 0, PI) / PI).toFixed(4)),
        position: Number(y.toFixed(4)) }),
      nudged: (dx, dy) => explorer.set({ angle: Number((values.angle + 0.01 * dx).toFixed(4)),
        position: Number((values.position + 0.01 * dy).toFixed(4)) }),
    });
    const context = panel.canvas.getContext("2d", { willReadFrequently: true });
    panel.canvas.width = WIDE;
    panel.canvas.height = TALL;
    const at = (angle, share) => `${panel.x(angle).toFixed(1)},${panel.y(share).toFixed(1)}`;

    function colour(name) {
      context.fillStyle = getComputedStyle(explorer.host).getPropertyValue(name).trim();
      context.fillRect(0, 0, 1, 1);
      return context.getImageData(0, 0, 1, 1).data;
    }

    // One pixel for each cell; paler outside the region.
    function paint(map) {
      const good = colour("--se-global"), bad = colour("--se-spurious");
      const image = context.createImageData(WIDE, TALL);
      const turns = Array.from({ length: WIDE }, (_, i) => map.turn((PI * (i + 0.5)) / WIDE));
      const edge = (map.largestAngle / PI) * WIDE - 0.5;
      for (let j = 0; j < TALL; j++) {
        const share = HIGH - ((HIGH - LOW) * (j + 0.5)) / TALL, bent = map.bend(share);
        const within = map.inside(0, share);
        for (let i = 0; i < WIDE; i++) {
          const value = map.combine(turns[i], share, bent);
          if (!Number.isFinite(value)) continue;
          let band = 0;
          while (band < STEPS.length && Math.abs(value) > STEPS[band]) band++;
          const strength = within && i <= edge ? 34 + 24 * band : 10 + 8 * band;
          const [red, green, blue] = value < 0 ? bad : good;
          image.data.set([red, green, blue, strength], 4 * (j * WIDE + i));
        }
      }
      context.putImageData(image, 0, 0);
    }

    // Lines of equal slack by marching squares; each is numbered as far as it can be from `taken`.
    function contours(v, map, taken) {
      const n = 56, turns = [], grid = [], bends = [];
      const shareAt = (j) => LOW + ((HIGH - LOW) * j) / n, angleAt = (i) => (PI * i) / n;
      for (let i = 0; i <= n; i++) turns.push(map.turn(angleAt(i)));
      for (let j = 0; j <= n; j++) {
        bends.push(map.bend(shareAt(j)));
        grid.push(turns.map((turned) => map.combine(turned, shareAt(j), bends[j])));
      }
      const paths = LEVELS.map(() => []), places = LEVELS.map(() => []);
      const corners = [[0, 0], [1, 0], [1, 1], [0, 1]];
      for (let j = 0; j < n; j++) {
        // There the students of Lemma 7 change, and the slack jumps.
        if (v.lemma === 7 && shareAt(j) <= 0.05 && shareAt(j + 1) > 0.05) continue;
        for (let i = 0; i < n; i++) {
          const cell = [grid[j][i], grid[j][i + 1], grid[j + 1][i + 1], grid[j + 1][i]];
          const least = Math.min(...cell), most = Math.max(...cell);
          if (!Number.isFinite(most)) continue;
          LEVELS.forEach((level, l) => {
            if (!(least < level && level <= most)) return;
            const cuts = [];
            for (let c = 0; c < 4; c++) {
              const d = (c + 1) % 4;
              if ((cell[c] < level) === (cell[d] < level)) continue;
              const t = (level - cell[c]) / (cell[d] - cell[c]);
              cuts.push([angleAt(i + corners[c][0] + t * (corners[d][0] - corners[c][0])),
                shareAt(j + corners[c][1] + t * (corners[d][1] - corners[c][1]))]);
            }
            for (let c = 0; c + 1 < cuts.length; c += 2) {
              paths[l].push(`M${at(...cuts[c])}L${at(...cuts[c + 1])}`);
              places[l].push(cuts[c]);
            }
          });
        }
      }
      const { left, right, top, bottom } = panel.frame;
      return LEVELS.map((level, l) => {
        let spot = null, room = 26;
        for (const [angle, share] of places[l]) {
          const x = panel.x(angle), y = panel.y(share);
          const free = Math.min(2 * (x - left), 2 * (right - x), 3 * (y - top), 3 * (bottom - y),
            ...taken.map(([u, w]) => Math.hypot(x - u, 1.5 * (y - w))));
          if (free > room) [spot, room] = [[x, y], free];
        }
        if (spot) taken.push(spot);
        return { level, path: paths[l].join(""), spot };
      });
    }

    // Where the slack is negative inside the region: it falls with the angle at every height.
    function violation(map, low, high) {
      const runs = [];
      let run = null;
      for (let j = 0; j <= ROWS; j++) {
        const share = low + ((high - low) * j) / ROWS, bent = map.bend(share);
        const value = (angle) => map.combine(map.turn(angle), share, bent);
        if (!map.inside(0, share) || !(value(map.largestAngle) < -1e-12)) {
          run = null;
          continue;
        }
        let from = 0, to = map.largestAngle;
        if (value(0) < 0) to = 0;
        for (let i = 0; i < 30 && to > 0; i++) {
          const middle = (from + to) / 2;
          if (value(middle) < 0) to = middle;
          else from = middle;
        }
        if (!run) runs.push((run = []));
        run.push([to, share]);
      }
      return runs.map((rows) => {
        const left = rows.map(([angle, share]) => at(angle, share));
        const right = rows.map(([, share]) => at(map.largestAngle, share)).reverse();
        return `M${[...left, ...right].join("L")}Z`;
      }).join("");
    }

    // The stretches of x that belong to the region, with what to write into them.
    function parts(v, map) {
      if (v.lemma === 11) return [[v.m, HIGH, "Kₘ: q ≥ m, φ ≤ π/2", true]];
      if (v.lemma === 12) {
        return v.m > v.largest ? []
          : [[v.m, v.largest, map.largestAngle > 1 ? "near: m ≤ q ≤ M, |w − w*|² ≤ δ" : "near", true]];
      }
      const top = [];
      for (let j = 0; j <= 200; j++) {
        const share = LOW + ((HIGH - LOW) * j) / 200;
        if (share > 0.05 && map.inside(0, share)) top.push(share);
      }
      const list = [[LOW, 0.05, "A: q ≤ N/20", true]];
      if (top.length) list.push([0.05, top.at(-1), "A: only |a − a*/2|² ≥ N", false]);
      return list;
    }

    function verdict(v, repaired) {
      const { slack } = core.slackMap({ ...v, multiple: 1, repaired }).worst();
      return slack === Infinity ? "says nothing" : slack >= -1e-12 ? "holds" : "fails";
    }

    // All that stays while the point is dragged.
    let drawn = {};
    function picture(v, map) {
      const { angle, position, ...others } = v;
      const style = getComputedStyle(explorer.host).color;
      const signature = JSON.stringify([others, panel.signature, style]);
      if (drawn.signature === signature) return drawn;
      paint(map);
      const areas = parts(v, map), worst = map.worst();
      // Where other words will stand.
      const taken = [0, 30, 60, 90].map((dx) => [panel.x(worst.angle) + dx,
        panel.y(clamp(worst.share, LOW, HIGH)) + (dx ? 10 : 0)]);
      for (const [, high] of areas) {
        for (const dx of [20, 60, 100, 140]) {
          taken.push([panel.frame.left + dx, panel.y(Math.min(high, HIGH)) + 14]);
        }
      }
      drawn = { signature, areas, worst, lines: contours(v, map, taken),
        printed: verdict(v, false), repaired: verdict(v, true),
        violated: areas.map(([low, high]) =>
          violation(map, Math.max(low, LOW), Math.min(high, HIGH))).join("") };
      return drawn;
    }

    function draw(v) {
      const map = core.slackMap(v), angle = v.angle * PI, unit = v.lemma === 11 ? "N |w − w*|²" : "N";
      for (const name of ["k", "fraction", "size", "m", "largest", "delta"]) {
        explorer.nodes.get(name).hidden = !NEEDS[v.lemma].includes(name);
      }
      panel.heading.textContent = `Slack of Lemma ${v.lemma}, over ${unit}`;
      panel.begin({ ...ANGLES, label: "angle φ between the filter and v*" },
        { low: LOW, high: HIGH, label: "alignment q / N" });
      const { lines, areas, violated, worst, printed, repaired } = picture(v, map);
      for (const { level, path, spot } of lines) {
        panel.path(`level ${level}`, `se-line ${level === 0 ? "se-ink" : "se-thin"}`, path);
        if (spot) {
          panel.text(`number ${level}`, "se-quiet", panel.x.inverse(spot[0]),
            panel.y.inverse(spot[1]), number(level), { anchor: "middle", dy: 4 });
        }
      }
      panel.hatch("violation", violated);
      areas.forEach(([low, high, words, whole], i) => {
        const a = Math.max(low, LOW), b = Math.min(high, HIGH), right = map.largestAngle;
        panel.path(`region ${i}`, `se-line se-ink ${whole ? "" : "se-dashed"}`,
          b > a ? `M${at(0, a)}L${at(right, a)}L${at(right, b)}L${at(0, b)}Z` : "");
        if (b > a) panel.text(`words ${i}`, "se-ink", 0, b, words, { dx: 8, dy: 18 });
      });
      if (worst.slack < Infinity) {
        panel.mark("worst", worst.slack < -1e-12 ? "se-spurious" : "se-global", "diamond",
          worst.angle, worst.share);
        panel.text("worst words", worst.slack < -1e-12 ? "se-spurious" : "se-global", worst.angle,
          worst.share, `worst: ${number(worst.slack)}`, { dx: 10, dy: 14 });
      }
      panel.end();
      place(angle, v.position, `angle ${digits(v.angle)} π, alignment ${digits(v.position)} N`);

      const slack = map.slack(angle, v.position), inside = map.inside(angle, v.position);
      explorer.found = { slack, inside, worst, constant: map.constant, allowance: map.allowance,
        printed, repaired };
      const who = map.student(v.position);
      const about = v.lemma === 11 || slack === Infinity ? ""
        : ` (of the student with s = ${number(who.sum)} √(kN)` +
          `${who.rest > 1e-9 ? ` and a part of length ${number(who.rest)} √N across 1 and a*` : ""})`;
      const here = slack === Infinity ? "no student meets the lemma's conditions"
        : `the least slack is ${number(slack)} ${unit}${about}`;
      const c = v.lemma === 11 ? `${number(map.constant)} N` : number(map.constant);
      const capped = v.lemma === 12 && v.multiple > 1
        ? " (with a larger c the slack has no least value)" : "";
      const bound = v.lemma === 12 ? `, allowance ${number(map.allowance)} N` : "";
      const told = worst.slack === Infinity ? "the region is empty, since m > M. "
        : `the worst in the region is ${number(worst.slack)} ${unit} at φ = ${digits(worst.angle / PI, 3)} π, ` +
          `q = ${number(worst.share)} N. `;
      return `φ = ${digits(v.angle)} π, q = ${number(v.position)} N, ${inside ? "inside" : "outside"} ` +
        `the region: ${here}. With c = ${c}${capped}${bound}, ${told}` +
        `For this choice Lemma ${v.lemma} ${printed} as printed and ${repaired} with the ` +
        "best constants.";
    }
    return { draw };
  });
})();
