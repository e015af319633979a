// A panel: axes, lines and marks in SVG, in pixels of the page, and points that can be moved.
(() => {
  "use strict";
  const { clamp, make, scale, ticksOf } = globalThis.shortcutExplorers;
  if (globalThis.shortcutExplorers.Panel) return;
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const MARKS = {
    circle: "M-6,0a6,6 0 1,0 12,0a6,6 0 1,0 -12,0Z",
    cross: "M-7,-4l3,-3l4,4l4,-4l3,3l-4,4l4,4l-3,3l-4,-4l-4,4l-3,-3l4,-4Z",
    diamond: "M0,-7L7,0L0,7L-7,0Z",
    square: "M-5,-5H5V5H-5Z",
  };

  function svg(tag, attributes = {}) {
    const node = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  // A sample of a line with its meaning, for beside a title.
  function keyTo(look, words) {
    const sample = svg("svg", { viewBox: "0 0 26 8", width: 26, height: 8, "aria-hidden": "true" });
    sample.append(svg("path", { d: "M1,4H25", class: `se-line ${look}` }));
    return make("span", { class: "se-key" }, sample, ` ${words}`);
  }

  class Panel {
    // `square` panels keep their shape, up to `largest` pixels wide; `canvas` puts a bitmap behind
    // the drawing.
    constructor(explorer, options) {
      const { title, alt, height = 250, square = false, canvas = false, moves, keys = [],
        largest = 290 } = options;
      Object.assign(this, { explorer, height, square, largest, kept: new Map() });
      this.box = make("div", { class: "se-panel" });
      this.stage = make("div", { class: "se-stage" });
      this.root = svg("svg", { role: moves ? "group" : "img", "aria-label": alt });
      this.axes = svg("g", { class: "se-axes", "aria-hidden": "true" });
      this.layer = svg("g");
      this.top = svg("g");
      this.root.append(this.axes, this.layer, this.top);
      if (canvas) this.stage.append((this.canvas = make("canvas", { "aria-hidden": "true" })));
      this.stage.append(this.root);
      const heading = (this.heading = make("p", { class: "se-panel-title" }, title));
      for (const [look, words] of keys) heading.append(keyTo(look, words));
      this.box.append(heading, this.stage);
      explorer.panels.append(this.box);
    }

    // Begin a drawing with these axes; what is not drawn again until `end` disappears.
    begin(x, y) {
      const width = Math.max(200, Math.round(this.stage.clientWidth) || 320);
      const height = this.square ? Math.min(width, this.largest) : this.height;
      const margin = { left: 46, right: 12, top: 8, bottom: 38 };
      this.frame = { left: margin.left, right: width - margin.right, top: margin.top,
        bottom: height - margin.bottom };
      if (this.square) {
        const side = Math.min(this.frame.right - this.frame.left,
          this.frame.bottom - this.frame.top);
        this.frame.right = this.frame.left + side;
        this.frame.bottom = this.frame.top + side;
      }
      const { left, right, top, bottom } = this.frame;
      this.x = scale(x, left, right);
      this.y = scale(y, bottom, top);
      const signature = JSON.stringify([width, height, x, y]);
      if (signature !== this.signature) {
        this.signature = signature;
        this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
        this.drawAxes(x, y);
        if (this.canvas) {
          Object.assign(this.canvas.style, { left: `${left}px`, top: `${top}px`,
            width: `${right - left}px`, height: `${bottom - top}px` });
        }
      }
      this.used = new Set();
    }

    drawAxes(x, y) {
      const { left, right, top, bottom } = this.frame;
      this.axes.replaceChildren(svg("path", { d: `M${left},${top}V${bottom}H${right}` }));
      const write = (text, attributes) => {
        const node = svg("text", attributes);
        node.textContent = text;
        this.axes.append(node);
      };
      for (const [value, text] of ticksOf(x)) {
        const at = this.x(value);
        this.axes.append(svg("path", { d: `M${at},${bottom}v4` }));
        write(text, { x: at, y: bottom + 16, "text-anchor": "middle" });
      }
      for (const [value, text] of ticksOf(y)) {
        const at = this.y(value);
        this.axes.append(svg("path", { d: `M${left},${at}h-4` }));
        write(text, { x: left - 7, y: at + 4, "text-anchor": "end" });
      }
      write(x.label, { x: (left + right) / 2, y: bottom + 33, "text-anchor": "middle" });
      if (y.label) {
        write(y.label, { x: 11, y: (top + bottom) / 2, "text-anchor": "middle",
          transform: `rotate(-90 11 ${(top + bottom) / 2})` });
      }
    }

    // The element of this name, made at its first use.
    element(name, tag, look) {
      this.used.add(name);
      let node = this.kept.get(name);
      if (!node) {
        node = svg(tag);
        this.kept.set(name, node);
        this.layer.append(node);
      }
      node.setAttribute("class", look);
      return node;
    }

    line(name, look, xs, ys) {
      const { left, right, top, bottom } = this.frame;
      let d = "";
      for (let i = 0; i < xs.length; i++) {
        const x = clamp(this.x(xs[i]), left, right), y = clamp(this.y(ys[i]), top, bottom);
        d += `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`;
      }
      this.element(name, "path", `se-line ${look}`).setAttribute("d", d);
    }

    path(name, look, d) {
      this.element(name, "path", look).setAttribute("d", d);
    }

    // An area of failing starts: tinted and hatched, so that it does not depend on its colour.
    hatch(name, d) {
      if (!this.pattern) {
        const number = [...this.explorer.panels.children].indexOf(this.box);
        const id = `${this.explorer.id}-hatch-${number}`;
        const pattern = svg("pattern", { id, width: 7, height: 7, patternUnits: "userSpaceOnUse",
          patternTransform: "rotate(45)" });
        pattern.append(svg("rect", { width: 7, height: 7, class: "se-lost" }),
          svg("path", { d: "M0,0V7", class: "se-stroke" }));
        const definitions = svg("defs");
        definitions.append(pattern);
        this.root.prepend(definitions);
        this.pattern = `url(#${id})`;
      }
      this.path(name, "", d);
      this.kept.get(name).setAttribute("fill", this.pattern);
    }

    // A circle around the origin.
    circle(name, look, radius) {
      const r = this.x(radius) - this.x(0);
      const at = `${this.x(0) - r},${this.y(0)}`;
      this.path(name, look, `M${at}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`);
    }

    band(name, look, x0, x1, y0, y1) {
      const { left, right, top, bottom } = this.frame;
      const a = clamp(this.x(x0), left, right), b = clamp(this.x(x1), left, right);
      const c = y0 === undefined ? bottom : clamp(this.y(y0), top, bottom);
      const d = y1 === undefined ? top : clamp(this.y(y1), top, bottom);
      this.path(name, look, `M${a},${c}H${b}V${d}H${a}Z`);
    }

    mark(name, look, shape, x, y) {
      const node = this.element(name, "path", `se-mark ${look}`);
      const { left, right, top, bottom } = this.frame;
      const at = [clamp(this.x(x), left, right), clamp(this.y(y), top, bottom)];
      node.setAttribute("d", MARKS[shape]);
      node.setAttribute("transform", `translate(${at.map((v) => v.toFixed(1))})`);
    }

    text(name, look, x, y, words, { dx = 0, dy = 0, anchor = "start" } = {}) {
      const node = this.element(name, "text", `se-text ${look}`);
      const { left, right, top, bottom } = this.frame;
      node.setAttribute("x", (clamp(this.x(x), left, right) + dx).toFixed(1));
      const height = clamp(clamp(this.y(y), top, bottom) + dy, top + 10, bottom);
      node.setAttribute("y", height.toFixed(1));
      node.setAttribute("text-anchor", anchor);
      if (node.textContent !== words) node.textContent = words;
    }

    end() {
      for (const [name, node] of this.kept) {
        if (!this.used.has(name)) {
          node.remove();
          this.kept.delete(name);
        }
      }
    }

    // A point that is dragged with mouse, pen or finger, or moved with the arrow keys.
    // `moved(x, y)` gets data coordinates, `nudged(dx, dy)` steps of -1, 0, 1 (times 10 with shift).
    handle({ label, moved, nudged }) {
      const node = svg("g", { class: "se-handle", tabindex: "0", role: "slider",
        "aria-label": label, "data-lm-suppress-shortcuts": "true" });
      node.append(svg("circle", { r: 22, class: "se-target" }), svg("circle", { r: 8 }),
        svg("path", { d: "M-4,0H4M0,-4V4" }));
      this.top.append(node);
      const follow = (event) => {
        const box = this.root.getBoundingClientRect();
        const ratio = this.root.viewBox.baseVal.width / box.width;
        moved(this.x.inverse((event.clientX - box.left) * ratio),
          this.y.inverse((event.clientY - box.top) * ratio));
      };
      node.addEventListener("pointerdown", (event) => {
        node.setPointerCapture(event.pointerId);
        node.focus({ preventScroll: true });
        event.preventDefault();
      });
      node.addEventListener("pointermove", (event) => {
        if (node.hasPointerCapture(event.pointerId)) follow(event);
      });
      // A click or tap anywhere in the panel brings the point there.
      this.root.addEventListener("click", (event) => {
        if (!node.contains(event.target)) follow(event);
      });
      node.addEventListener("keydown", (event) => {
        const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1],
          ArrowDown: [0, -1] }[event.key];
        if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        event.stopPropagation();
        const times = event.shiftKey ? 10 : 1;
        nudged(way[0] * times, way[1] * times);
      });
      return (x, y, words) => {
        const at = [this.x(x), this.y(y)].map((pixel) => pixel.toFixed(1));
        node.setAttribute("transform", `translate(${at})`);
        node.setAttribute("aria-valuenow", String(Number(y.toFixed(4))));
        node.setAttribute("aria-valuetext", words);
      };
    }
  }

  globalThis.shortcutExplorers.Panel = Panel;
})();
