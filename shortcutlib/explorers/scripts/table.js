// Table 1, run again in a worker, with the same starts as Python draws.
(() => {
  "use strict";
  const { Job, define, make } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;
  const SIZE = 250; // starts in one piece of a cell

  function work(core, { cells, trials, seed, size }, tell) {
    for (const cell of cells) {
      const t = core.teacher(cell.k, cell.S, cell.N, cell.angle, cell.p);
      for (let first = 0; first < trials; first += size) {
        const count = Math.min(size, trials - first);
        const drawn = core.starts(t, cell.setting, seed, first, count);
        const fates = core.classify(t, drawn, cell.phases, cell.setting === "cnn");
        const of = (code) => fates.reduce((sum, fate) => sum + (fate === code), 0);
        tell({ key: `${cell.setting} ${cell.k}`, won: of(1), open: of(0), count });
      }
    }
  }

  define("table", (explorer) => {
    const { cells } = explorer.extra;
    const heads = ["k", "Rate here", "95% interval", "Printed", "Exact"];
    const table = make("table", {}, make("thead", {}, make("tr", {},
      ...heads.map((text) => make("th", { scope: "col" }, text)))));
    explorer.panels.append(make("div", { class: "se-table", tabindex: "0", role: "region",
      "aria-label": "Success rates" }, table));
    explorer.panels.classList.add("se-wide");
    const run = explorer.button("Run", () => (job.busy ? end("Cancelled.") : start()));
    const progress = make("progress", { "aria-label": "trials done", max: 1, value: 0 });
    explorer.bar.append(run, progress);
    explorer.panels.before(explorer.bar);

    let counts = {}, of = "", message = "Press Run.", began = 0, whole = 0, done = 0;
    const chosen = (v) => cells.filter((cell) =>
      v[cell.setting.replace("-", "_")] && v[`k${cell.k}`]);
    const job = new Job(explorer, work, (piece) => {
      const count = (counts[piece.key] ??= { won: 0, open: 0, trials: 0 });
      count.won += piece.won;
      count.open += piece.open;
      count.trials += piece.count;
      done += piece.count;
      progress.value = done / whole;
    }, () => {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      end(`${whole.toLocaleString("en")} trials in ${seconds} s.`);
      if (explorer.changed) {
        explorer.changed({ results: Object.fromEntries(
          Object.entries(counts).map(([key, { won }]) => [key, won])) });
      }
    });

    function end(words) {
      job.stop();
      message = words;
      explorer.schedule();
    }
    function start() {
      const v = explorer.values, list = chosen(v);
      if (!list.length) return end("Choose a network and a k.");
      whole = list.length * v.trials;
      [counts, done, began] = [{}, 0, performance.now()];
      message = job.ask({ cells: list, trials: v.trials, seed: v.seed, size: SIZE }) ? "Running."
        : "This page may not start workers, so the table cannot be run here.";
      explorer.schedule();
    }

    function rowOf(cell) {
      const count = counts[`${cell.setting} ${cell.k}`];
      const [low, high] = count ? core.wilson(count.won, count.trials) : [];
      const fits = (rate) => (count ? (low <= rate && rate <= high ? " ✓" : " ✗") : "");
      const texts = [count ? (count.won / count.trials).toFixed(4) + (count.open ? "?" : "") : "–",
        count ? `${low.toFixed(4)} to ${high.toFixed(4)}` : "–",
        cell.printed.toFixed(4) + fits(cell.printed), cell.exact.toFixed(explorer.narrow ? 4 : 6) + fits(cell.exact)];
      return make("tr", {}, make("th", { scope: "row" }, String(cell.k)),
        ...texts.map((text) => make("td", {}, text)));
    }

    function draw(v) {
      const signature = `${v.trials} ${v.seed}`;
      if (signature !== of) {
        // Counts belong to one seed and one number of trials.
        of = signature;
        counts = {};
        progress.value = 0;
        if (job.busy) end("Cancelled: the trials or the seed have changed.");
        else message = "Press Run.";
      }
      if (job.failed && message === "Running.") message = "The worker failed.";
      run.textContent = job.busy ? "Cancel" : "Run";
      const list = chosen(v), labels = [...new Set(list.map((cell) => cell.label))];
      for (const body of [...table.tBodies]) body.remove();
      table.append(...labels.map((label) => make("tbody", {},
        make("tr", {}, make("th", { scope: "rowgroup", colSpan: heads.length }, label)),
        ...list.filter((cell) => cell.label === label).map(rowOf))));
      explorer.counts = counts;
      return `${message} ✓ and ✗: the rate lies inside or outside the interval found here.`;
    }
    return { draw };
  });
})();
