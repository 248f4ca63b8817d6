/* Draws each figure[data-chart] with uPlot; its numbers are in the page as a table too. */
"use strict";
(function () {
  const drawn = new Map();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 4, notation: "compact" });

  function clock(seconds, step) {
    const text = new Date(seconds * 1000).toISOString();
    if (step >= 86400) return text.slice(5, 10);
    return step >= 60 ? text.slice(11, 16) : text.slice(11, 19);
  }

  function axis(extra) {
    const line = { stroke: colour("--line"), width: 1 };
    return Object.assign({ stroke: colour("--faint"), grid: line, ticks: line, font: "12px system-ui" }, extra);
  }

  function options(figure, columns, width) {
    const stepped = figure.dataset.chart === "steps" ? uPlot.paths.stepped({ align: 1 }) : undefined;
    const shown = columns.slice(1).map((column, i) => ({
      label: column.label,
      stroke: colour(i === 0 ? "--accent" : "--second"),
      width: i === 0 ? 2 : 1.5,
      dash: i === 0 ? undefined : [5, 4],
      fill: i === 0 ? colour("--accent-wash") : undefined,
      paths: stepped,
      points: { show: columns[0].values.length < 40, size: 5 },
    }));
    return {
      width,
      height: 220,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: columns.length > 2 },
      cursor: { drag: { x: false, y: false } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high === low ? high + 1 : high * 1.05] } },
      axes: [axis({ values: (_, ticks, __, ___, step) => ticks.map((t) => clock(t, step)) }), axis({ size: 64, values: (_, ticks) => ticks.map((t) => short.format(t)) })],
      series: [{ label: "Time (UTC)" }, ...shown],
    };
  }

  function draw(figure) {
    const place = figure.querySelector(".plot");
    const columns = JSON.parse(figure.dataset.columns);
    if (drawn.has(figure)) drawn.get(figure).destroy();
    place.replaceChildren();
    const made = new uPlot(options(figure, columns, place.clientWidth || 300), columns.map((c) => c.values), place);
    drawn.set(figure, made);
  }

  function all(within) {
    for (const figure of drawn.keys()) if (!figure.isConnected) drawn.delete(figure);
    within.querySelectorAll("figure[data-chart]").forEach(draw);
  }

  document.addEventListener("DOMContentLoaded", () => all(document));
  document.addEventListener("htmx:afterSettle", (event) => all(event.detail.elt.isConnected ? event.detail.elt : document));
  addEventListener("flowcover:theme", () => all(document));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all(document));
  let wait;
  addEventListener("resize", () => { clearTimeout(wait); wait = setTimeout(() => all(document), 150); });
})();
