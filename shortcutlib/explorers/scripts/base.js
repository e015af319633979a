// What every explorer shares: parameters and their controls, links, the two lives, the redraw.
(() => {
  "use strict";
  const { digits, fit, fromSlider, make, plain, toSlider } = globalThis.shortcutExplorers;
  if (globalThis.shortcutExplorers.define) return;
  const kinds = {};
  const all = [];
  // Narrower than this many pixels, the picture stays in sight while the controls scroll by.
  const NARROW = 480;

  class Explorer {
    constructor(host, specification, values, changed) {
      Object.assign(this, { host, specification, changed, values: {}, costs: [],
        drawings: [], jobs: [], extra: specification.extra });
      this.controls = new Map(specification.controls.map((control) => [control.name, control]));
      // Where Reset and links begin: the state in which the chapter or the cell shows the explorer.
      this.initial = {};
      const first = changed ? specification.initial : values;
      for (const [name, control] of this.controls) {
        this.values[name] = fit(control, values[name] ?? control.default);
        this.initial[name] = fit(control, first[name] ?? control.default);
      }
      this.id = unique(specification.name);
      all.push(this);
      host.explorer = this;
      this.build();
      this.readLink();
      this.view = kinds[specification.kind](this);
      this.resizing = new ResizeObserver(() => {
        this.measure();
        this.schedule();
      });
      this.resizing.observe(this.panels);
      for (const name of this.controls.keys()) this.show(name);
      this.schedule();
    }

    build() {
      const { title, controls } = this.specification;
      this.host.classList.add("shortcut-explorer");
      this.host.setAttribute("role", "group");
      this.host.setAttribute("aria-label", `Explorer: ${title}`);
      this.inputs = new Map();
      this.nodes = new Map();
      this.form = make("div", { class: "se-controls" });
      const further = make("div", { class: "se-controls" });
      for (const control of controls.filter(({ shown }) => shown)) {
        let place = control.more ? further : this.form;
        if (control.kind === "flag") {
          // Neighbouring flags share a line.
          if (!place.lastChild?.classList.contains("se-flags")) {
            place.append(make("div", { class: "se-flags" }));
          }
          place = place.lastChild;
        }
        place.append(this.controlFor(control));
      }
      this.more = make("details", { class: "se-more" }, make("summary", {}, "More settings"), further);
      this.panels = make("div", { class: "se-panels" });
      this.bar = make("div", { class: "se-bar" });
      this.words = make("p", { class: "se-readout" });
      // Heard, not seen: it changes only when the reader pauses.
      this.spoken = make("p", { class: "se-hidden", "aria-live": "polite" });
      this.copied = make("input", {
        class: "se-copied", type: "text", readOnly: true, hidden: true, "aria-label": "copied text",
      });
      const foot = make("div", { class: "se-foot" });
      if (!this.changed) {
        foot.append(this.button("Copy link", () => this.copy(this.link(), "Link copied")));
      }
      foot.append(
        this.button("Copy as Python", () => this.copy(this.python(), "Python copied")),
        this.button("Reset", () => this.reset()),
        this.copied
      );
      this.host.append(
        make("p", { class: "se-title" }, title), this.panels, this.bar, this.words, this.form,
        ...(further.children.length ? [this.more] : []), foot, this.spoken
      );
      this.measure();
    }

    // Whether the explorer is narrow: then it begins with the main settings alone.
    measure() {
      const narrow = this.words.clientWidth > 0 && this.words.clientWidth < NARROW;
      if (narrow !== this.narrow) this.more.open = !narrow;
      this.narrow = narrow;
      this.host.classList.toggle("se-narrow", narrow);
      this.host.style.setProperty("--se-picture", `${this.panels.clientHeight}px`);
      for (const panel of this.drawings) panel.measure();
    }

    // Whether something is still being computed elsewhere.
    get busy() {
      return this.jobs.some((job) => job.busy);
    }

    // A setting that has no effect at present cannot be changed.
    enable(name, on) {
      for (const input of this.inputs.get(name)) input.disabled = !on;
    }

    button(text, action) {
      const button = make("button", { type: "button" }, text);
      button.addEventListener("click", action);
      return button;
    }

    controlFor(control) {
      const { name } = control, id = `${this.id}-${name}`;
      if (control.kind === "flag") {
        const box = make("input", { type: "checkbox", id });
        box.addEventListener("change", () => this.set({ [name]: box.checked }));
        this.inputs.set(name, [box]);
        return make("label", { class: "se-flag", for: id }, box, ` ${control.label}`);
      }
      if (control.kind === "choice") {
        const list = make("select", { id, "data-lm-suppress-shortcuts": "true" });
        for (const [value, words] of control.options) {
          list.append(make("option", { value: String(value) }, words));
        }
        list.addEventListener("change", () => this.set({ [name]: Number(list.value) }));
        this.inputs.set(name, [list]);
        const node = make("div", { class: "se-control" },
          make("label", { for: id }, control.label), list);
        this.nodes.set(name, node);
        return node;
      }
      const log = control.scale === "log";
      const slider = make("input", {
        type: "range", id, "data-lm-suppress-shortcuts": "true",
        min: String(log ? 0 : control.low), max: String(log ? 1000 : control.high),
        step: String(log ? 1 : control.step),
      });
      const field = make("input", {
        type: "number", "aria-label": `${control.label}, as a number`, inputmode: "decimal",
        "data-lm-suppress-shortcuts": "true",
        min: String(control.low), max: String(control.high), step: "any",
      });
      slider.addEventListener("input", () => {
        // A logarithmic slider can be too fine for whole numbers: take at least one step.
        let value = fit(control, fromSlider(control, slider.value));
        const before = this.values[name];
        if (log && value === before && control.kind === "whole") {
          value = fit(control, before + Math.sign(slider.value - toSlider(control, before)));
        }
        this.set({ [name]: value });
      });
      const typed = () => {
        this.set({ [name]: field.value === "" ? this.values[name] : Number(field.value) });
        this.show(name);
      };
      field.addEventListener("change", typed);
      // Inside JupyterLab the Enter key makes no change event.
      field.addEventListener("keydown", (event) => { if (event.key === "Enter") typed(); });
      this.inputs.set(name, [slider, field]);
      const node = make("div", { class: "se-control" },
        make("label", { for: id }, control.label), make("div", {}, slider, field));
      this.nodes.set(name, node);
      return node;
    }

    show(name) {
      const control = this.controls.get(name), inputs = this.inputs.get(name);
      const value = this.values[name];
      if (!inputs) return;
      if (control.kind === "flag") inputs[0].checked = value;
      else if (control.kind === "choice") inputs[0].value = String(value);
      else {
        inputs[0].value = String(toSlider(control, value));
        if (control.scale === "log") inputs[0].setAttribute("aria-valuetext", digits(value, 6));
        inputs[1].value = plain(value, 6);
      }
    }

    // Change parameters; `quiet` when the change came from Python.
    set(changes, quiet = false) {
      const changed = {};
      for (const [name, value] of Object.entries(changes)) {
        const control = this.controls.get(name);
        if (!control) continue;
        const fitted = fit(control, value);
        if (fitted !== this.values[name]) changed[name] = this.values[name] = fitted;
        this.show(name);
      }
      if (Object.keys(changed).length === 0) return;
      if (this.changed && !quiet) this.changed(changed);
      this.schedule();
    }

    reset() {
      this.set(this.initial);
    }

    // Draw in the next frame, however many changes arrive before it; finely once it is quiet.
    schedule() {
      clearTimeout(this.later);
      this.resting = false;
      this.later = setTimeout(() => {
        if (this.view && this.view.fine) this.redraw(true);
        // What is not final is not worth saying.
        if (this.busy) return;
        this.resting = true;
        if (this.spoken.textContent !== this.words.textContent) {
          this.spoken.textContent = this.words.textContent;
        }
      }, 350);
      if (this.frame) return;
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.redraw(false);
      });
    }

    redraw(fine) {
      const begin = performance.now();
      this.words.textContent = this.view.draw(this.values, fine);
      const end = performance.now();
      this.ready ??= end;
      if (!fine) this.costs.push(end - begin);
      if (this.costs.length > 1000) this.costs.shift();
    }

    // What is the class's default need not be said in Python.
    python() {
      const { call } = this.specification;
      const spell = (value) => (value === true ? "True" : value === false ? "False" : value);
      const parts = [...this.controls]
        .filter(([name, control]) => this.values[name] !== control.default)
        .map(([name]) => `${name}=${spell(this.values[name])}`);
      return `from shortcutlib.explorers import ${call}\n${call}(${parts.join(", ")})`;
    }

    // Every parameter, so that a link outlives a change of the chapter or of a default.
    link() {
      const parts = [...this.controls].map(([name, { key }]) => `${key}=${Number(this.values[name])}`);
      return `${location.href.split("#")[0]}#${[`explorer=${this.id}`, ...parts].join("&")}`;
    }

    // A link written by hand may leave parameters out: they are as the chapter shows them.
    readLink() {
      const state = new URLSearchParams(location.hash.slice(1));
      if (this.changed || state.get("explorer") !== this.id) return;
      const there = { ...this.initial };
      for (const [name, control] of this.controls) {
        const told = state.get(control.key);
        if (told && Number.isFinite(Number(told))) there[name] = fit(control, Number(told));
      }
      this.set(there);
      this.host.scrollIntoView();
    }

    copy(text, done) {
      this.copied.hidden = false;
      this.copied.value = text.replace("\n", "; ");
      this.copied.select();
      const told = () => { this.spoken.textContent = done; };
      if (navigator.clipboard) navigator.clipboard.writeText(text).then(told, () => {});
    }

    dispose() {
      this.resizing.disconnect();
      cancelAnimationFrame(this.frame);
      clearTimeout(this.later);
      if (this.view.dispose) this.view.dispose();
      for (const job of this.jobs) job.stop();
      all.splice(all.indexOf(this), 1);
    }
  }

  function unique(name) {
    let id = name;
    for (let n = 2; all.some((other) => other.id === id); n++) id = `${name}-${n}`;
    return id;
  }

  // First life: an element of a built page.
  function upgrade(element) {
    if (element.explorer) return;
    const data = element.querySelector('script[type="application/json"]');
    if (!data) return;
    const { specification, values } = JSON.parse(data.textContent);
    if (!kinds[specification.kind]) return;
    element.replaceChildren();
    new Explorer(element, specification, values, null);
  }

  // Second life: a widget with a kernel.
  const widget = {
    render({ model, el }) {
      const specification = model.get("_specification");
      const names = specification.controls.map((control) => control.name);
      const values = Object.fromEntries(names.map((name) => [name, model.get(name)]));
      const host = make("div");
      el.append(host);
      const explorer = new Explorer(host, specification, values, (changed) => {
        for (const [name, value] of Object.entries(changed)) model.set(name, value);
        model.save_changes();
      });
      const arrived = names.map((name) => {
        const listener = () => explorer.set({ [name]: model.get(name) }, true);
        model.on(`change:${name}`, listener);
        return [name, listener];
      });
      return () => {
        for (const [name, listener] of arrived) model.off(`change:${name}`, listener);
        explorer.dispose();
      };
    },
  };

  // A kind is defined after this script, so elements are looked for at every definition.
  function define(kind, setup) {
    if (kinds[kind]) return;
    kinds[kind] = setup;
    const start = () => document.querySelectorAll("shortcut-explorer").forEach(upgrade);
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
    else start();
  }

  globalThis.addEventListener("hashchange", () => all.forEach((one) => one.readLink()));
  Object.assign(globalThis.shortcutExplorers, { all, define, widget });
})();
