// The search of the ledger: hides the rows that do not match, and keeps the search in the address.
(() => {
  "use strict";

  const form = document.querySelector(".claims-form");
  if (!form) {
    return;
  }
  const rows = [...document.querySelectorAll(".claims-table tbody tr")];
  const sections = [...document.querySelectorAll(".claims-document")];
  const words = form.elements.namedItem("search");
  const source = form.elements.namedItem("document");
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const count = form.querySelector("output");

  // Formulas are searched without their marks: \phi is found as phi, $\|a^*\|$ as |a*|.
  const plain = (text) => text.toLowerCase().replace(/[\\${}^]/g, "").split(/\s+/).filter(Boolean);

  function show() {
    const sought = plain(words.value);
    const verdicts = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const row of rows) {
      const fits = (!verdicts.size || verdicts.has(row.dataset.verdict)) &&
        (!source.value || source.value === row.dataset.document) &&
        sought.every((word) => row.dataset.words.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    for (const section of sections) {
      section.hidden = !section.querySelector("tbody tr:not([hidden])");
    }
    count.textContent = `${shown} of ${rows.length} shown`;
    widen();
  }

  function remember() {
    const state = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (value.trim()) {
        state.append(name, value.trim());
      }
    }
    const address = location.pathname + location.search + (state.size ? `#${state}` : "");
    history.replaceState(null, "", address);
  }

  // The address holds either a search or the name of a place, which must not stay hidden.
  function restore() {
    const fragment = location.hash.slice(1);
    const state = new URLSearchParams(fragment.includes("=") ? fragment : "");
    words.value = state.get("search") || "";
    source.value = state.get("document") || "";
    if (source.selectedIndex < 0) {
      source.value = "";
    }
    const verdicts = state.getAll("verdict");
    for (const box of boxes) {
      box.checked = verdicts.includes(box.value);
    }
    const before = rows.some((row) => row.hidden);
    show();
    const place = before && fragment && document.getElementById(decodeURIComponent(fragment));
    if (place) {
      place.scrollIntoView();
    }
  }

  // A formula that is wider than its cell scrolls inside itself, with the keyboard too.
  function widen() {
    for (const formula of document.querySelectorAll(".claims-table tr:not([hidden]) mjx-container")) {
      const box = formula.closest("p");
      if (formula.classList.contains("claim-wide")) {
        formula.classList.remove("claim-wide");
        formula.removeAttribute("tabindex");
      }
      if (box && formula.getBoundingClientRect().width > box.clientWidth + 1) {
        formula.classList.add("claim-wide");
        formula.tabIndex = 0;
      }
    }
  }

  form.addEventListener("input", () => {
    show();
    remember();
  });
  form.addEventListener("reset", () => {
    // The fields are empty only after this event.
    setTimeout(() => {
      show();
      remember();
    });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", restore);
  window.addEventListener("resize", widen);
  window.addEventListener("load", () => {
    const formulas = window.MathJax && window.MathJax.startup && window.MathJax.startup.promise;
    if (formulas) {
      formulas.then(widen);
    }
  });

  form.hidden = false;
  restore();
})();
