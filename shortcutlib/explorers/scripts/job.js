// Work that would hold up the page, done in a Web Worker.
(() => {
  "use strict";
  if (globalThis.shortcutExplorers.Job) return;
  const core = globalThis.shortcutCore;
  // A short answer is waited for, but no longer than this many milliseconds.
  const LONGEST = 300;

  // The worker is made of the scripts' own text, so that it also runs from the disk.
  function startWorker(work) {
    const parts = core.sources.map((part) => `(${part})(self.shortcutCore);`);
    const text = ["self.shortcutCore = { sources: [] };", ...parts, `const work = ${work};`,
      "self.onmessage = ({ data }) => {",
      "  work(self.shortcutCore, data, (answer) => self.postMessage({ answer }));",
      "  self.postMessage({ done: true });",
      "};"];
    const address = URL.createObjectURL(new Blob([text.join("\n")], { type: "text/javascript" }));
    const worker = new Worker(address);
    URL.revokeObjectURL(address);
    return worker;
  }

  class Job {
    // `work(core, question, tell)` travels as text: it may use its three arguments and nothing else.
    // `heard(answer, question)` gets what it tells, `ended(question)` comes when it is through.
    // Both are followed by a new drawing.
    constructor(explorer, work, heard, ended = () => {}) {
      Object.assign(this, { explorer, work, heard, ended, worker: null, question: null, next: null,
        failed: false });
      explorer.jobs.push(this);
    }

    get busy() {
      return this.question !== null;
    }

    // Begin, and drop what is going on; but a `short` question is answered before the next begins,
    // so that answers keep coming while a slider moves.  False where there can be no worker.
    ask(question, short = false) {
      if (this.busy && this.short && performance.now() - this.since < LONGEST) {
        this.next = [question, short];
        return true;
      }
      if (this.busy) this.stop();
      try {
        this.worker ??= startWorker(this.work);
      } catch {
        this.failed = true;
        return false;
      }
      Object.assign(this, { question, short, since: performance.now(), failed: false });
      this.worker.onerror = () => {
        this.stop();
        this.failed = true;
        this.explorer.schedule();
      };
      this.worker.onmessage = ({ data }) => {
        if (data.done) {
          const { next } = this;
          Object.assign(this, { question: null, next: null });
          this.ended(question);
          if (next) this.ask(...next);
        } else this.heard(data.answer, question);
        this.explorer.schedule();
      };
      this.worker.postMessage(question);
      return true;
    }

    stop() {
      if (this.worker) this.worker.terminate();
      Object.assign(this, { worker: null, question: null, next: null });
    }
  }

  globalThis.shortcutExplorers.Job = Job;
})();
