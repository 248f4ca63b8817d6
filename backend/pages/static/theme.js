/* Light or dark: the system's, until the reader chooses. Runs before the page is drawn. */
"use strict";
(function () {
  const key = "flowcover-theme";
  const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
  const now = () => document.documentElement.dataset.theme || (dark() ? "dark" : "light");
  const kept = localStorage.getItem(key);
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
  addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const next = now() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem(key, next);
    dispatchEvent(new Event("flowcover:theme"));
  });
})();
