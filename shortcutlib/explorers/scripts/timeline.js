// Play, pause and scrub: the parameter `iteration`, moved evenly in its logarithm.
(() => {
  "use strict";
  const shared = globalThis.shortcutExplorers;
  if (shared.timeline) return;
  const WHOLE = 6000; // milliseconds for the whole run

  // `last()` is the last iteration there is.  The function that is returned pauses.
  shared.timeline = (explorer, last) => {
    const { values } = explorer;
    let playing = 0;
    const button = explorer.button("▶ Play", () => (playing ? pause() : play()));
    explorer.bar.append(button, explorer.nodes.get("iteration"));

    function pause() {
      cancelAnimationFrame(playing);
      playing = 0;
      button.textContent = "▶ Play";
    }
    function play() {
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
        explorer.set({ iteration: last() });
        return;
      }
      const at = () => Math.log(last() + 1);
      let done = values.iteration >= last() ? 0 : Math.log(values.iteration + 1) / at();
      let before = performance.now();
      button.textContent = "⏸ Pause";
      const tick = (now) => {
        done = Math.min(1, done + Math.max(0, now - before) / WHOLE);
        before = now;
        explorer.set({ iteration: Math.round(Math.exp(done * at()) - 1) });
        if (done >= 1) pause();
        else playing = requestAnimationFrame(tick);
      };
      playing = requestAnimationFrame(tick);
    }
    return pause;
  };
})();
