// Table 1, run again in a worker, with the same starts as Python draws.
(() => {
  "use strict";
  const { define, make } = globalThis.shortcutExplorers;
  const core = globalThis.shortcutCore;

  // One piece of a cell: [successes, undecided].  It runs in the worker, out of this scope.
  function piece(shortcutCore, cell, seed, first, count) {
    const t = shortcutCore.teacher(cell.k, cell.S, cell.N, cell.angle, cell.p);
    const drawn = shortcutCore.starts(t, cell.setting, seed, first, count);
    const fates = shortcutCore.classify(t, drawn, cell.phases, cell.setting === "cnn");
    let won = 0, open = 0;
    for (const fate of fates) {
      if (fate === 1) won++;
      if (fate === 0) open++;
    }
    return [won, open];
  }
  function work(piece) {
    self.onmessage = ({ data: { cells, trials, seed, size } }) => {
      for (const cell of cells) {
        for (let first = 0; first < trials; first += size) {
          const count = Math.min(size, trials - first);
          const [won, open] = piece(self.shortcutCore, cell, seed, first, count);
          self.postMessage({ key: `${cell.setting} ${cell.k}`, won, open, count });
        }
      }
      self.postMessage({ done: true });
    };
  }
  // The worker is made of the scripts' own text, so that it also runs from the disk.
  function startWorker() {
    const parts = core.sources.map((part) => `(${part})(self.shortcutCore);`);
    const text = ["self.shortcutCore = { sources: [] };", ...parts, `(${work})(${piece});`];
    const address = URL.createObjectURL(new Blob([text.join("\n")], { type: "text/javascript" }));
    const worker = new Worker(address);
    URL.revokeObjectURL(address);
    return worker;
  }

  define("table", (explorer) => {
    const { cells } = explorer.extra;
    const body = make("tbody");
    const heads = ["Network", "k", "Rate here", "95% interval", "Printed", "Exact"];
    const box = make("div", { class: "se-table", tabindex: "0", role: "region",
      "aria-label": "Success rates" });
    box.append(make("table", {}, make("thead", {}, make("tr", {},
      ...heads.map((text) => make("th", { scope: "col" }, text)))), body));
    explorer.panels.append(box);
    explorer.panels.classList.add("se-wide");
    const run = explorer.button("Run", () => (worker ? stop("Cancelled.") : start()));
    const progress = make("progress", { "aria-label": "trials done", max: 1, value: 0 });
    explorer.bar.append(run, progress);

    let worker = null, counts = {}, of = "", message = "Press Run.", began = 0;
    const chosen = (v) => cells.filter((cell) =>
      v[cell.setting.replace("-", "_")] && v[`k${cell.k}`]);

    function stop(words) {
      if (worker) worker.terminate();
      worker = null;
      run.textContent = "Run";
      message = words;
      explorer.schedule();
    }
    function start() {
      const v = explorer.values, list = chosen(v), whole = list.length * v.trials;
      if (!list.length) return stop("Choose a network and a k.");
      counts = {};
      let done = 0;
      began = performance.now();
      try {
        worker = startWorker();
      } catch {
        return stop("This page may not start workers, so the table cannot be run here.");
      }
      run.textContent = "Cancel";
      message = "Running.";
      worker.onerror = () => stop("The worker failed.");
      worker.onmessage = ({ data }) => {
        if (data.done) {
          const seconds = ((performance.now() - began) / 1000).toFixed(1);
          stop(`${whole.toLocaleString("en")} trials in ${seconds} s.`);
          if (explorer.changed) {
            explorer.changed({ results: Object.fromEntries(
              Object.entries(counts).map(([key, { won }]) => [key, won])) });
          }
          return;
        }
        const count = (counts[data.key] = counts[data.key] || { won: 0, open: 0, trials: 0 });
        count.won += data.won;
        count.open += data.open;
        count.trials += data.count;
        done += data.count;
        progress.value = done / whole;
        explorer.schedule();
      };
      worker.postMessage({ cells: list, trials: v.trials, seed: v.seed, size: 250 });
      explorer.schedule();
    }

    function draw(v) {
      const signature = `${v.trials} ${v.seed}`;
      if (signature !== of) {
        // Counts belong to one seed and one number of trials.
        of = signature;
        counts = {};
        progress.value = 0;
        if (worker) stop("Cancelled: the trials or the seed have changed.");
        else message = "Press Run.";
      }
      body.replaceChildren(...chosen(v).map((cell) => {
        const count = counts[`${cell.setting} ${cell.k}`];
        const [low, high] = count ? core.wilson(count.won, count.trials) : [];
        const fits = (rate) => (count ? (low <= rate && rate <= high ? " ✓" : " ✗") : "");
        const texts = [cell.label, String(cell.k),
          count ? (count.won / count.trials).toFixed(4) + (count.open ? "?" : "") : "–",
          count ? `${low.toFixed(4)} to ${high.toFixed(4)}` : "–",
          cell.printed.toFixed(4) + fits(cell.printed), cell.exact.toFixed(6) + fits(cell.exact)];
        return make("tr", {}, ...texts.map((text) => make("td", {}, text)));
      }));
      explorer.counts = counts;
      return `${message} ✓ and ✗: the rate lies inside or outside the interval found here.`;
    }
    return { draw, dispose: () => stop("") };
  });
})();
