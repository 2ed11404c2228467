// Draws the figures, follows light, dark and print, and marks the section being read. Data comes from JSON elements
// of this page and is never read as HTML.
(() => {
  "use strict";
  const PRINT_WIDTH = 640; // CSS pixels of an A4 page between its margins and a panel's padding
  const json = (id) => JSON.parse(document.getElementById(id).textContent);
  const swaps = json("theme-swaps");
  const holders = [...document.querySelectorAll("[data-figure]")];
  const figures = new Map(holders.map((holder) => [holder, json(holder.dataset.figure)]));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const shade = () => document.documentElement.dataset.theme;
  const isDark = () => (shade() === "light" || shade() === "dark" ? shade() === "dark" : dark.matches);
  const print = matchMedia("print");
  const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false };

  // A copy of a figure in which every light colour is its dark one.
  const swapped = (value) => {
    if (typeof value === "string") return Object.hasOwn(swaps, value) ? swaps[value] : value;
    if (Array.isArray(value)) return value.map(swapped);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, swapped(inner)]));
    }
    return value;
  };

  const draw = (holder, printing) => {
    const source = figures.get(holder);
    const figure = isDark() && !printing ? swapped(source) : structuredClone(source);
    if (printing) Object.assign(figure.layout, { width: PRINT_WIDTH, autosize: false });
    return Plotly.react(holder, figure.data, figure.layout, { ...config, responsive: !printing });
  };
  const drawAll = (printing) => holders.map((holder) => draw(holder, printing));

  Promise.all(drawAll(print.matches)).then(() => { document.documentElement.dataset.drawn = "yes"; });
  dark.addEventListener("change", () => drawAll(print.matches));
  addEventListener("swayline:theme", () => drawAll(false));
  addEventListener("swayline:figure", (event) => { // newer data for a figure of this page
    const holder = document.getElementById(event.detail.id);
    figures.set(holder, event.detail.figure);
    draw(holder, print.matches);
  });
  print.addEventListener("change", () => drawAll(print.matches));
  addEventListener("beforeprint", () => drawAll(true));
  addEventListener("afterprint", () => drawAll(false));

  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const section of document.querySelectorAll("main > section")) watcher.observe(section);
})();
