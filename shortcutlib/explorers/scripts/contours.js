// Lines of equal height of a function on a grid, by marching squares, and places for their numbers.
(() => {
  "use strict";
  const shared = globalThis.shortcutExplorers;
  if (shared.contours) return;
  const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]];

  // `grid[j][i]` at places (i, j); a cell with an infinite corner or for which `skip(j)` has none.
  // For each level a list of cuts [[x, y], [x, y]] in the grid's own coordinates.
  function cutsOf(grid, levels, skip) {
    const found = levels.map(() => []);
    for (let j = 0; j + 1 < grid.length; j++) {
      if (skip(j)) continue;
      for (let i = 0; i + 1 < grid[j].length; i++) {
        const cell = [grid[j][i], grid[j][i + 1], grid[j + 1][i + 1], grid[j + 1][i]];
        const least = Math.min(...cell), most = Math.max(...cell);
        if (!Number.isFinite(most)) continue;
        levels.forEach((level, l) => {
          if (!(least < level && level <= most)) return;
          const ends = [];
          for (let c = 0; c < 4; c++) {
            const d = (c + 1) % 4;
            if ((cell[c] < level) === (cell[d] < level)) continue;
            const t = (level - cell[c]) / (cell[d] - cell[c]);
            ends.push([i + CORNERS[c][0] + t * (CORNERS[d][0] - CORNERS[c][0]),
              j + CORNERS[c][1] + t * (CORNERS[d][1] - CORNERS[c][1])]);
          }
          for (let c = 0; c + 1 < ends.length; c += 2) found[l].push([ends[c], ends[c + 1]]);
        });
      }
    }
    return found;
  }

  // Lines of a panel, with `place([x, y])` from the grid to pixels.  Each has its path and the spot
  // for its number: as far as can be from the frame, from `taken` spots, from other numbers and
  // from the line of `main`.  A line without such a spot has none.
  shared.contours = (panel, grid, levels, place, { taken = [], skip = () => false, main = 0 } = {}) => {
    const { left, right, top, bottom } = panel.frame;
    const lines = cutsOf(grid, levels, skip).map((cuts) => cuts.map((cut) => cut.map(place)));
    const used = [...taken], first = lines[levels.indexOf(main)] ?? [];
    const thin = first.filter((_, n) => n % 3 === 0).map(([a]) => a);
    return levels.map((level, l) => {
      const avoided = level === main ? used : [...used, ...thin];
      let spot = null, room = 24;
      for (const [[x, y]] of lines[l]) {
        let free = Math.min(2 * (x - left), 2 * (right - x), 3 * (y - top), 3 * (bottom - y));
        for (const [u, w] of avoided) {
          if (free <= room) break;
          free = Math.min(free, Math.hypot(x - u, 1.5 * (y - w)));
        }
        if (free > room) [spot, room] = [[x, y], free];
      }
      if (spot) used.push(spot);
      const at = (point) => point.map((pixel) => pixel.toFixed(1)).join();
      return { level, spot, path: lines[l].map(([a, b]) => `M${at(a)}L${at(b)}`).join("") };
    });
  };
})();
