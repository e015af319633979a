// The border between the basins over s and phi, as in shortcutlib/basin_border.py.
(function (part) {
  "use strict";
  const core = globalThis.shortcutCore;
  if (!core.borderSheet) {
    part(core);
    core.sources.push(part.toString());
  }
})(function (core) {
  "use strict";

  // q*(s, phi): starts below it are trapped, starts above it succeed.  One row for each sum; NaN
  // where a start near the border has not decided after `patience` steps.  The border rises with
  // phi, so that every search begins at the one before.
  function borderSheet(t, phases, sums, angles, { largest, halvings, patience }) {
    const decide = core.judge(t, phases, false, patience);
    return sums.map((s) => {
      let below = -largest;
      return angles.map((angle) => {
        const fate = (q) => decide(s, q, angle)[0];
        let low = below, high = largest, code = fate(low);
        if (code === 1) return low > -largest ? low : -Infinity;
        if (code !== 2) return NaN;
        code = fate(high);
        if (code !== 1) return code === 2 ? Infinity : NaN;
        for (let i = 0; i < halvings; i++) {
          const middle = (low + high) / 2;
          code = fate(middle);
          if (code === 1) high = middle;
          else if (code === 2) low = middle;
          else return NaN;
        }
        below = low;
        return (low + high) / 2;
      });
    });
  }

  Object.assign(core, { borderSheet });
});
