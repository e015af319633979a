// A panel: axes, lines and marks in SVG, in pixels of the page, and points that can be moved.
//
// Colours come from the style sheet alone, by class, so that a change of theme and paper need no new
// drawing; a bitmap is painted in the light theme's colours, and the style sheet turns them over.
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

  // Red, green and blue of the light theme's ink, for bitmaps.
  const INK = [27, 31, 36];

  function svg(tag, attributes = {}) {
    const node = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  class Panel {
    // `square` panels keep their shape, up to `largest` pixels wide; `canvas` puts a bitmap behind
    // the drawing; `headroom` is kept free above the axes; `moves` says that something can be moved.
    // `keys` are [look, meaning] for lines, [look, meaning, shape] for marks and "hatch" for areas.
    constructor(explorer, options) {
      const { title, alt, height = 250, square = false, canvas = false, moves, keys = [],
        largest = 290, headroom = 0 } = options;
      Object.assign(this, { explorer, height, square, largest, headroom, kept: new Map() });
      explorer.drawings.push(this);
      this.box = make("div", { class: "se-panel" });
      this.stage = make("div", { class: "se-stage" });
      this.root = svg("svg", { role: moves ? "group" : "img", "aria-label": alt });
      this.axes = svg("g", { class: "se-axes", "aria-hidden": "true" });
      [this.under, this.layer, this.top] = [svg("g"), svg("g"), svg("g")];
      this.root.append(this.under, this.axes, this.layer, this.top);
      if (canvas) this.stage.append((this.canvas = make("canvas", { "aria-hidden": "true" })));
      this.stage.append(this.root);
      const heading = (this.heading = make("p", { class: "se-panel-title" }));
      heading.append((this.titleNode = make("span", {}, title)));
      for (const key of keys) heading.append(this.keyTo(...key));
      this.box.append(heading, this.stage);
      explorer.panels.append(this.box);
    }

    // Another title; the keys beside it stay.
    rename(title) {
      this.titleNode.textContent = title;
    }

    // A sample of a line, a mark or an area with its meaning, for beside the title.
    keyTo(look, words, shape = "line") {
      const sample = svg("svg", { viewBox: "0 0 26 12", width: 26, height: 12,
        "aria-hidden": "true" });
      if (shape === "line") sample.append(svg("path", { d: "M1,6H25", class: `se-line ${look}` }));
      else if (shape === "area") {
        sample.append(svg("path", { d: "M1,1H25V11H1Z", class: look }));
      } else if (shape === "hatch") {
        sample.append(svg("path", { d: "M1,1H25V11H1Z", class: "se-edge", fill: this.hatching() }));
      } else {
        sample.append(svg("path", { d: MARKS[shape], class: `se-mark ${look}`,
          transform: "translate(13,6) scale(0.8)" }));
      }
      return make("span", { class: "se-key" }, sample, ` ${words}`);
    }

    // What the shades of the bitmap mean, from its faintest to its strongest.
    ramp(low, high) {
      if (!this.scaleNode) {
        this.scaleNode = [make("span"), make("span", { class: "se-ramp" }), make("span")];
        this.heading.append(make("span", { class: "se-key" }, ...this.scaleNode));
      }
      this.scaleNode[0].textContent = `${low} `;
      this.scaleNode[2].textContent = ` ${high}`;
    }

    // How large the drawing is; on a narrow screen it has to leave room for the controls.  The width
    // is asked for when it may have changed, since the answer costs the browser a new layout.
    measure() {
      this.width = Math.max(96, Math.round(this.stage.clientWidth) || 320);
    }
    size() {
      if (this.width === undefined) this.measure();
      const { width } = this;
      const { narrow, panels } = this.explorer;
      const most = narrow ? (panels.children.length > 1 ? 165 : 250) : Infinity;
      const height = this.square ? Math.min(width, this.largest) : this.height;
      return [width, Math.min(height, most), width < 220];
    }

    // Begin a drawing with these axes; what is not drawn again until `end` disappears.
    begin(x, y) {
      const [width, height, small] = this.size();
      const margin = small ? { left: 32, right: 6, top: 6, bottom: 32 }
        : { left: 46, right: 12, top: 8, bottom: 38 };
      const top = margin.top + this.headroom, left = margin.left;
      const frame = (this.frame = { left, top, right: width - margin.right,
        bottom: height - margin.bottom });
      if (this.square) {
        const side = Math.min(frame.right - left, frame.bottom - top);
        frame.right = left + side;
        frame.bottom = top + side;
      }
      const { right, bottom } = frame;
      this.x = scale(x, left, right);
      this.y = scale(y, bottom, top);
      const signature = JSON.stringify([width, height, x, y]);
      if (signature !== this.signature) {
        this.signature = signature;
        this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
        this.drawAxes(x, y, small);
        if (this.canvas) {
          // In shares of the whole, since on paper the drawing is scaled.
          const share = (pixels, whole) => `${(100 * pixels) / whole}%`;
          Object.assign(this.canvas.style, { left: share(left, width), top: share(top, height),
            width: share(right - left, width), height: share(bottom - top, height) });
        }
      }
      this.used = new Set();
    }

    // A drawing without axes, in pixels of its own.
    beginFree(width, height) {
      this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.used = new Set();
    }

    // The bitmap, unless it is already that of this signature; `fill(bytes)` sets red, green, blue
    // and opacity of every pixel, row by row from the top.
    paint(signature, wide, tall, fill) {
      if (signature === this.painted) return;
      this.painted = signature;
      Object.assign(this.canvas, { width: wide, height: tall });
      const context = this.canvas.getContext("2d", { willReadFrequently: true });
      const image = context.createImageData(wide, tall);
      fill(image.data);
      context.putImageData(image, 0, 0);
    }

    drawAxes(x, y, small) {
      const most = small ? 3 : 5;
      const { left, right, top, bottom } = this.frame;
      this.axes.replaceChildren(svg("path", { d: `M${left},${top}V${bottom}H${right}` }));
      const write = (text, attributes) => {
        const node = svg("text", attributes);
        node.textContent = text;
        this.axes.append(node);
      };
      for (const [value, text] of ticksOf(x, most)) {
        const at = this.x(value);
        this.axes.append(svg("path", { d: `M${at},${bottom}v4` }));
        write(text, { x: at, y: bottom + 16, "text-anchor": "middle" });
      }
      for (const [value, text] of ticksOf(y, most)) {
        const at = this.y(value);
        this.axes.append(svg("path", { d: `M${left},${at}h-4` }));
        write(text, { x: left - 7, y: at + 4, "text-anchor": "end" });
      }
      const label = (axis) => (small && axis.short) || axis.label || "";
      write(label(x), { x: (left + right) / 2, y: bottom + (small ? 28 : 33),
        "text-anchor": "middle" });
      const middle = (top + bottom) / 2, far = small ? 9 : 11;
      write(label(y), { x: far, y: middle, "text-anchor": "middle",
        transform: `rotate(-90 ${far} ${middle})` });
    }

    // The element of this name, made at its first use.
    element(name, tag, look, layer = this.layer) {
      this.used.add(name);
      let node = this.kept.get(name);
      if (!node) {
        node = svg(tag);
        this.kept.set(name, node);
        layer.append(node);
      }
      node.setAttribute("class", look);
      return node;
    }

    line(name, look, xs, ys) {
      const node = this.element(name, "path", `se-line ${look}`);
      // While an iteration is scrubbed, long lines stay as they are.
      const drawn = node.drawn ?? [];
      if (drawn[0] === xs && drawn[1] === ys && drawn[2] === this.signature) return;
      node.drawn = [xs, ys, this.signature];
      const { left, right, top, bottom } = this.frame;
      let d = "";
      for (let i = 0; i < xs.length; i++) {
        const x = clamp(this.x(xs[i]), left, right), y = clamp(this.y(ys[i]), top, bottom);
        d += `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`;
      }
      node.setAttribute("d", d);
    }

    path(name, look, d) {
      this.element(name, "path", look).setAttribute("d", d);
    }

    // The fill for what fails: tinted and hatched, so that it does not depend on its colour.
    hatching() {
      if (!this.pattern) {
        const id = `${this.explorer.id}-hatch-${this.explorer.drawings.indexOf(this)}`;
        const pattern = svg("pattern", { id, width: 7, height: 7, patternUnits: "userSpaceOnUse",
          patternTransform: "rotate(45)" });
        pattern.append(svg("rect", { width: 7, height: 7, class: "se-lost" }),
          svg("path", { d: "M0,0V7", class: "se-stroke" }));
        const definitions = svg("defs");
        definitions.append(pattern);
        this.root.prepend(definitions);
        this.pattern = `url(#${id})`;
      }
      return this.pattern;
    }

    hatch(name, d) {
      this.path(name, "", d);
      this.kept.get(name).setAttribute("fill", this.hatching());
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
      const node = this.element(name, "path", look, this.under);
      node.setAttribute("d", `M${a},${c}H${b}V${d}H${a}Z`);
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

    // Words over the stretch from x0 to x1, above the axes; none where they have no room.
    over(name, x0, x1, words) {
      const { left, right, top } = this.frame;
      const a = clamp(this.x(x0), left, right), b = clamp(this.x(x1), left, right);
      if (b - a < 7 * words.length) return;
      const node = this.element(name, "text", "se-over");
      node.setAttribute("x", ((a + b) / 2).toFixed(1));
      node.setAttribute("y", top - 4);
      node.setAttribute("text-anchor", "middle");
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

  Object.assign(globalThis.shortcutExplorers, { INK, MARKS, Panel, svg });
})();
