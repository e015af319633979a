// Elements, numbers in words, and the ranges of parameters and of their sliders.
(() => {
  "use strict";
  if (globalThis.shortcutExplorers) return;

  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in node && typeof value !== "string") node[name] = value;
      else if (value !== null) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  // A number for the machine, as in a field, and for readers: −1.2 · 10⁻⁷ rather than -1.2e-7.
  const plain = (value, n = 4) => String(Number(Number(value).toPrecision(n)));
  const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const raised = (n) => (n < 0 ? "⁻" : "") +
    [...String(Math.abs(n))].map((digit) => RAISED[digit]).join("");
  function digits(value, n = 4) {
    const [mantissa, exponent] = plain(value, n).split("e");
    const text = mantissa.replace("-", "−");
    return exponent === undefined ? text : `${text} · 10${raised(Number(exponent))}`;
  }

  // A value inside its range and on its grid.
  function fit(control, value) {
    if (control.kind === "flag") return Boolean(value);
    if (control.kind === "choice") {
      const known = control.options.some(([option]) => option === Number(value));
      return known ? Number(value) : control.default;
    }
    const x = Math.min(control.high, Math.max(control.low, Number(value)));
    if (!Number.isFinite(x)) return control.default;
    return control.kind === "whole" ? Math.round(x) : Number(x.toPrecision(6));
  }

  // Sliders run from 0 to 1000 on a logarithmic scale (which may begin at 0), else in steps.
  const offset = (control) => (control.low > 0 ? 0 : 1);
  function toSlider(control, value) {
    if (control.scale !== "log") return value;
    const o = offset(control);
    return (1000 * Math.log((value + o) / (control.low + o))) /
      Math.log((control.high + o) / (control.low + o));
  }
  function fromSlider(control, position) {
    if (control.scale !== "log") return Number(position);
    const o = offset(control);
    const ratio = (control.high + o) / (control.low + o);
    const value = (control.low + o) * ratio ** (Number(position) / 1000) - o;
    return Number(value.toPrecision(3));
  }

  globalThis.shortcutExplorers = { digits, fit, fromSlider, make, plain, raised, toSlider };
})();
