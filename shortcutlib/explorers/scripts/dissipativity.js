// The slack of Lemmas 7, 11 and 12: bands of slack, numbered contours, the region, its worst point; drag the point.
(() => {
  "use strict";
  const { ANGLES, Panel, clamp, contours, define, digits } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const PI = Math.PI, WIDE = 90, TALL = 84, ROWS = 100, GRID = 56;
  // Colours of the light theme: where the slack is at least 0, and where it is negative.
  const GOOD = [0, 114, 178], BAD = [184, 79, 0];
  const STEPS = [0.01, 0.03, 0.1, 0.3, 1];
  const LEVELS = [-0.3, -0.1, -0.03, -0.01, 0, ...STEPS];
  // The parameters that each lemma has besides those of every map.
  const NEEDS = { 7: ["k", "fraction"], 11: ["m"],
    12: ["k", "fraction", "size", "m", "largest", "delta"] };
  const number = (x) => digits(x, 3);

  define("dissipativity", (explorer) => {
    const { values } = explorer, { low: LOW, high: HIGH } = explorer.controls.get("position");
    const panel = new Panel(explorer, { title: "Slack over N", height: 400, canvas: true, moves: true,
      keys: [["se-good", "at least 0", "area"], ["se-bad", "negative", "area"],
        ["", "violates the lemma", "hatch"]],
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
    const at = (angle, share) => `${panel.x(angle).toFixed(1)},${panel.y(share).toFixed(1)}`;

    // One pixel for each cell; paler outside the region.
    function paint(signature, map) {
      panel.paint(signature, WIDE, TALL, (bytes) => {
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
            bytes.set([...(value < 0 ? BAD : GOOD), strength], 4 * (j * WIDE + i));
          }
        }
      });
    }

    function linesOf(v, map, taken) {
      const shareAt = (j) => LOW + ((HIGH - LOW) * j) / GRID, angleAt = (i) => (PI * i) / GRID;
      const turns = Array.from({ length: GRID + 1 }, (_, i) => map.turn(angleAt(i)));
      const grid = Array.from({ length: GRID + 1 }, (_, j) => {
        const bent = map.bend(shareAt(j));
        return turns.map((turned) => map.combine(turned, shareAt(j), bent));
      });
      // There the students of Lemma 7 change, and the slack jumps.
      const skip = (j) => v.lemma === 7 && shareAt(j) <= 0.05 && shareAt(j + 1) > 0.05;
      const place = ([i, j]) => [panel.x(angleAt(i)), panel.y(shareAt(j))];
      return contours(panel, grid, LEVELS, place, { taken, skip });
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
        return v.m > v.largest ? [] : [[v.m, v.largest, "near: m ≤ q ≤ M, |w − w*|² ≤ δ", true]];
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
      const signature = JSON.stringify([others, panel.signature]);
      if (drawn.signature === signature) return drawn;
      paint(JSON.stringify(others), map);
      const areas = parts(v, map), worst = map.worst();
      // Where words and the region's sides stand.
      const taken = [0, 30, 60, 90].map((dx) => [panel.x(worst.angle) + dx,
        panel.y(clamp(worst.share, LOW, HIGH)) + (dx ? 10 : 0)]);
      const side = panel.x(map.largestAngle), { left } = panel.frame;
      for (const [low, high] of areas) {
        const [lower, upper] = [low, high].map((share) => panel.y(clamp(share, LOW, HIGH)));
        for (let dx = 20; dx < 240; dx += 40) taken.push([left + dx, upper + 14]);
        for (let x = left; x <= side; x += 24) taken.push([x, lower], [x, upper]);
        for (let y = upper; y <= lower; y += 16) taken.push([side, y]);
      }
      drawn = { signature, areas, worst, lines: linesOf(v, map, taken),
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
      panel.rename(`Slack of Lemma ${v.lemma}, over ${unit}`);
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
        if (!(b > a)) return;
        // Beside a region that is too slim for its words; on a phone in two lines.
        const from = panel.x(right) - panel.x(0) > 7 * words.length ? 0 : right;
        const lines = explorer.narrow ? words.split(", ") : [words];
        lines.forEach((line, n) =>
          panel.text(`words ${i} ${n}`, "se-ink", from, b, line, { dx: 8, dy: 18 + 14 * n }));
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
