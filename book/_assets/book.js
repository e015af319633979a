// Small repairs for keyboards and screen readers, made once a page is there.
(() => {
  "use strict";

  // What is too wide for the screen scrolls inside itself; the keyboard must be able to reach it.
  const scrollable = ".bd-article div.math, .bd-article mjx-container[display='true'], " +
    ".bd-article span.math.wide, .bd-article pre, " +
    ".bd-article .pst-scrollable-table-container, .bd-article .output.text_html";

  function reachable() {
    // A formula in the text cannot be broken; one that is wider than the screen scrolls.
    for (const node of document.querySelectorAll(".bd-article span.math")) {
      node.classList.remove("wide");
      const { right } = node.getBoundingClientRect();
      node.classList.toggle("wide", right > document.documentElement.clientWidth + 1);
    }
    for (const node of document.querySelectorAll(scrollable)) {
      if (node.scrollWidth > node.clientWidth + 1) {
        node.tabIndex = 0;
      } else if (node.getAttribute("tabindex") === "0") {
        node.removeAttribute("tabindex");
      }
    }
  }

  // The theme's button "Back to top" would lie over the sliders of an explorer.
  function makeWay() {
    const button = document.getElementById("pst-back-to-top");
    const explorers = document.querySelectorAll("shortcut-explorer");
    if (!button || !explorers.length) return;
    const below = new Set();
    // The button stands at nine tenths of the window's height.
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) below.add(target);
        else below.delete(target);
      }
      button.style.visibility = below.size ? "hidden" : "";
    }, { rootMargin: "-88% 0px -2% 0px" });
    for (const explorer of explorers) observer.observe(explorer);
  }

  function repair() {
    makeWay();
    // The words on the button that opens a folded cell say more than the label the theme adds.
    for (const summary of document.querySelectorAll("details > summary[aria-label]")) {
      summary.removeAttribute("aria-label");
    }
    reachable();
    const formulas = window.MathJax && window.MathJax.startup && window.MathJax.startup.promise;
    if (formulas) {
      formulas.then(reachable);
    }
    document.addEventListener("toggle", reachable, true);
    document.addEventListener("click", () => setTimeout(reachable, 0));
    window.addEventListener("resize", reachable);
  }

  if (document.readyState === "complete") {
    repair();
  } else {
    window.addEventListener("load", repair);
  }
})();
