/* Keeps the chain's clock, countdowns and running premium going, and parts of a page steady while
   they are replaced. */
"use strict";
(function () {
  const root = document.body.dataset.root;
  let chain = null; // {time, block, seen}: chain time as of a moment of this browser's clock
  const moment = () => performance.now() / 1000;
  const chainNow = () => (chain ? chain.time + Math.min(moment() - chain.seen, 30) : null);

  function offline(is) {
    document.querySelector("[data-offline]").hidden = !is;
    document.querySelector(".chain").classList.toggle("lost", is);
  }

  async function ask() {
    try {
      const answer = await fetch(`${root}/clock`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      const { time, block } = await answer.json();
      if (!chain || chain.block !== block) chain = { time, block, seen: moment() };
      offline(false);
    } catch {
      offline(true);
    }
  }

  const two = (n) => String(n).padStart(2, "0");

  function left(seconds) {
    if (seconds <= 0) return "now";
    const s = Math.ceil(seconds), days = Math.floor(s / 86400);
    const clock = `${two(Math.floor((s % 86400) / 3600))}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
    return days ? `${days} d ${clock}` : clock;
  }

  function coins(units, places) {
    const text = (units / 1e6).toFixed(places);
    const [whole, part] = text.split(".");
    return whole.replace(/\B(?=(\d{3})+$)/g, ",") + "." + part;
  }

  function tick() {
    const now = chainNow();
    if (now === null) return;
    const date = new Date(now * 1000).toISOString();
    document.querySelector("[data-clock]").textContent = `${chain.block.toLocaleString("en")} · ${date.slice(11, 19)}`;
    for (const node of document.querySelectorAll("[data-until]")) node.textContent = left(Number(node.dataset.until) - now);
    for (const node of document.querySelectorAll("[data-ticking]")) {
      const run = Math.max(0, now - Number(node.dataset.at)) * (Number(node.dataset.perSecond) / 1e12);
      node.textContent = coins(Number(node.dataset.units) + run, 8);
    }
  }

  let open = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    if (part.classList.contains("live") && part.contains(document.activeElement)) event.detail.shouldSwap = false;
    open = [...part.querySelectorAll("details")].map((d) => d.open);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const part = document.getElementById(event.detail.target.id) || event.detail.target;
    part.querySelectorAll("details").forEach((d, i) => { d.open = open[i] || false; });
    tick();
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => offline(true));
  document.querySelector("[data-select]")?.select();
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });

  ask().then(tick);
  setInterval(ask, 2000);
  setInterval(tick, 250);
})();
