// What a page does beyond htmx: the keyboard, dialogs, and where the eye goes when something is over.
"use strict";

(() => {
  const OFF = "secondline.keys.off";
  const places = { i: "/", c: "/customers", p: "/plans", k: "/key" };
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const remembered = () => {
    try { return localStorage.getItem(OFF) === "1"; } catch { return false; }
  };
  let off = remembered();
  let waitsForPlace = 0;

  // While somebody types, or holds another key, or a dialog is open, no key of ours counts.
  const isBusy = (event) =>
    event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented ||
    event.target.closest("input, textarea, select, [contenteditable], dialog") !== null ||
    document.querySelector("dialog[open]") !== null;

  const step = (by) => {
    const list = rows();
    if (!list.length) return;
    const here = list.findIndex((row) => row.contains(document.activeElement));
    const next = list[Math.max(0, Math.min(list.length - 1, here < 0 ? (by > 0 ? 0 : list.length - 1) : here + by))];
    const target = next.querySelector("a[href]") ?? next;
    if (target === next) next.tabIndex = -1;
    target.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const goTo = (mark) => {
    const found = document.querySelector(`[data-do="${mark}"]`);
    if (!found) return false;
    if (found.matches("a[href]")) { found.click(); return true; }
    found.scrollIntoView({ block: "start" });
    found.focus({ preventScroll: true });
    return true;
  };

  const keys = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => (document.querySelector("[data-search]") ?? document.querySelector("#ticket"))?.focus(),
    d: () => goTo("d"),
    p: () => goTo("p"),
    a: () => goTo("a"),
    g: () => { waitsForPlace = performance.now(); },
    "?": () => document.querySelector("dialog#keys")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (isBusy(event) || (off && event.key !== "?")) return;
    const isPlace = waitsForPlace && performance.now() - waitsForPlace < 1500;
    waitsForPlace = 0;
    if (isPlace && places[event.key]) {
      event.preventDefault();
      location.assign(places[event.key]);
      return;
    }
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();
  });
  for (const opener of document.querySelectorAll("[data-open]")) opener.hidden = false;

  for (const box of document.querySelectorAll("[data-keys]")) {
    box.checked = !off;
    box.addEventListener("change", () => {
      off = !box.checked;
      try { localStorage.setItem(OFF, off ? "1" : "0"); } catch { /* Then it holds for this page. */ }
    });
  }
  for (const form of document.querySelectorAll("[data-switch]")) {
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  // The form that starts a diagnosis asks htmx for its preview only; it is sent as every form is.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt.closest("[data-native]");
    if (form && event.detail.requestConfig.triggeringEvent?.type === "submit") event.preventDefault();
  });

  // A button that was pressed once is not pressed twice, unless the page comes back.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    setTimeout(() => {
      for (const button of event.target.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
    });
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
    }
  });

  // When work is over, the link to its result is where the keyboard is; nobody is taken away from what they read.
  document.addEventListener("htmx:afterSettle", (event) => {
    const over = event.target.querySelector?.("[data-over]");
    if (over && (document.activeElement === document.body || document.activeElement === null || !document.activeElement.isConnected)) {
      (over.querySelector("[data-result]") ?? over).focus({ preventScroll: true });
    }
  });
})();
