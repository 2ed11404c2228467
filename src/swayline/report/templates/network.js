// Draws networks of people on a canvas: thousands of nodes stay quick to move, and no code is made as the page runs,
// which the page's policy forbids and Plotly's WebGL needs. Names come from JSON elements and are only ever drawn or
// set as text.
(() => {
  "use strict";
  const WIDTHS = [0.7, 1.2, 2];
  const VEILS = [0.3, 0.5, 0.8];
  const STROKE = 40; // lines in one path: browsers slow down on longer ones, whose lines cross
  const NAMED = 10;
  const HEADS = 600;
  const FONT = "12px ui-sans-serif, system-ui, sans-serif";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const shade = () => document.documentElement.dataset.theme;
  const isDark = () => (shade() === "light" || shade() === "dark" ? shade() === "dark" : dark.matches);
  const print = matchMedia("print");

  const figures = (value) => (value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2))));
  const most = (values, count) => [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, count);

  const short = (name) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);

  const start = (holder) => {
    const data = JSON.parse(document.getElementById(holder.dataset.network).textContent);
    const canvas = holder.querySelector("canvas");
    const tip = holder.querySelector(".tip");
    const said = holder.querySelector("[role=status]");
    const select = holder.querySelector("select");
    const find = holder.querySelector("input");
    const people = data.names.length;
    const largest = data.given.reduce((a, b) => Math.max(a, b), 1e-12);
    const size = data.given.map((one) => 2.5 + 8 * Math.sqrt(one / largest));
    const named = most(data.given, NAMED);
    let view = at(0);
    let chosen = -1;
    let zoom = 1;
    let left = 0;
    let top = 0;
    let waiting = false;
    let grip = null;

    // The ties of a view in three widths, thinnest first, and the strongest, which carry a head.
    function at(index) {
      const weight = data.views[index].weight;
      const used = [...weight.keys()].filter((k) => weight[k] > 0).sort((a, b) => weight[a] - weight[b]);
      const third = Math.ceil(used.length / 3);
      const bands = WIDTHS.map((_, band) => used.slice(band * third, (band + 1) * third));
      return { weight, unit: data.views[index].unit, used, bands, heads: used.slice(-HEADS) };
    }

    const ends = (values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    const [west, east] = ends(data.x);
    const [south, north] = ends(data.y);
    const reset = () => {
      const wide = Math.max(east - west, 1e-9);
      const high = Math.max(north - south, 1e-9);
      zoom = Math.min((canvas.clientWidth - 60) / wide, (canvas.clientHeight - 60) / high);
      left = canvas.clientWidth / 2 - (zoom * (west + east)) / 2;
      top = canvas.clientHeight / 2 + (zoom * (south + north)) / 2;
    };
    const px = (k) => left + zoom * data.x[k];
    const py = (k) => top - zoom * data.y[k];
    const head = (k) => {
      const [a, b] = [data.from[k], data.to[k]];
      return [px(a) + 0.66 * (px(b) - px(a)), py(a) + 0.66 * (py(b) - py(a))];
    };
    const touches = (k) => chosen < 0 || data.from[k] === chosen || data.to[k] === chosen;

    const colors = () => {
      const style = getComputedStyle(document.documentElement);
      const token = (name) => style.getPropertyValue(`--${name}`).trim();
      const hues = data.hues.map((pair) => pair[isDark() && !print.matches ? 1 : 0]);
      return { ink: token("ink"), soft: token("soft"), line: token("zero"), card: token("card"), hues };
    };

    const draw = () => {
      waiting = false;
      const ratio = devicePixelRatio || 1;
      const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
      if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
        canvas.width = Math.round(wide * ratio);
        canvas.height = Math.round(high * ratio);
      }
      const pen = canvas.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, wide, high);
      const color = colors();
      view.bands.forEach((band, index) => lines(pen, band, color.line, WIDTHS[index], VEILS[index]));
      heads(pen, color.soft);
      dots(pen, color);
      names(pen, color);
      canvas.dataset.drawn = String(view.used.length);
    };
    const soon = () => {
      if (!waiting) requestAnimationFrame(draw);
      waiting = true;
    };

    // While it is dragged the picture is pushed about as it is, and drawn anew where it is let go.
    const still = document.createElement("canvas");
    let pushed = [0, 0];
    const push = () => {
      waiting = false;
      if (!grip) {
        draw();
        return;
      }
      const pen = canvas.getContext("2d");
      const ratio = devicePixelRatio || 1;
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(still, pushed[0] * ratio, pushed[1] * ratio);
    };
    const take = () => {
      [still.width, still.height] = [canvas.width, canvas.height];
      still.getContext("2d").drawImage(canvas, 0, 0);
      pushed = [0, 0];
    };

    const lines = (pen, band, color, width, veil) => {
      pen.strokeStyle = color;
      for (const near of [false, true]) {
        const some = band.filter((k) => touches(k) === near);
        pen.lineWidth = near ? width : WIDTHS[0];
        pen.globalAlpha = near ? veil : 0.12;
        for (let first = 0; first < some.length; first += STROKE) {
          pen.beginPath();
          for (const k of some.slice(first, first + STROKE)) {
            pen.moveTo(px(data.from[k]), py(data.from[k]));
            pen.lineTo(px(data.to[k]), py(data.to[k]));
          }
          pen.stroke();
        }
      }
      pen.globalAlpha = 1;
    };

    // A head two thirds of the way says whither.
    const heads = (pen, color) => {
      pen.beginPath();
      for (const k of chosen < 0 ? view.heads : view.used.filter(touches)) {
        const [x, y] = head(k);
        const turn = Math.atan2(py(data.to[k]) - py(data.from[k]), px(data.to[k]) - px(data.from[k]));
        const [c, s] = [Math.cos(turn), Math.sin(turn)];
        pen.moveTo(x + 5 * c, y + 5 * s);
        pen.lineTo(x - 3 * c - 3.2 * s, y - 3 * s + 3.2 * c);
        pen.lineTo(x - 3 * c + 3.2 * s, y - 3 * s - 3.2 * c);
      }
      pen.fillStyle = color;
      pen.fill();
    };

    const dots = (pen, color) => {
      const ties = chosen < 0 ? [] : view.used.filter(touches);
      const near = new Set([chosen, ...ties.flatMap((k) => [data.from[k], data.to[k]])]);
      pen.strokeStyle = color.card;
      pen.lineWidth = 1;
      for (let k = 0; k < people; k += 1) {
        pen.globalAlpha = chosen < 0 || near.has(k) ? 1 : 0.2;
        pen.beginPath();
        pen.arc(px(k), py(k), size[k], 0, 2 * Math.PI);
        pen.fillStyle = color.hues[data.color[k]];
        pen.fill();
        pen.stroke();
      }
      pen.globalAlpha = 1;
    };

    const names = (pen, color) => {
      pen.font = FONT;
      pen.textAlign = "center";
      pen.lineJoin = "round";
      const taken = [];
      for (const k of chosen < 0 ? named : [chosen]) {
        const name = short(data.names[k]);
        const [x, y, half] = [px(k), py(k) - size[k] - 5, pen.measureText(name).width / 2];
        if (taken.some((one) => Math.abs(one[0] - x) < one[2] + half + 4 && Math.abs(one[1] - y) < 14)) continue;
        taken.push([x, y, half]);
        pen.lineWidth = 4;
        pen.strokeStyle = color.card;
        pen.strokeText(name, x, y);
        pen.fillStyle = color.ink;
        pen.fillText(name, x, y);
      }
    };

    const personAt = (x, y) => {
      let [best, least] = [-1, Infinity];
      for (let k = 0; k < people; k += 1) {
        const away = Math.hypot(px(k) - x, py(k) - y) - size[k];
        if (away < Math.min(least, 4)) [best, least] = [k, away];
      }
      return best;
    };
    const tieAt = (x, y) => {
      let [best, least] = [-1, 8];
      for (const k of view.used) {
        if (!touches(k)) continue;
        const [hx, hy] = head(k);
        const away = Math.hypot(hx - x, hy - y);
        if (away < least) [best, least] = [k, away];
      }
      return best;
    };
    const tieText = (k) =>
      `${data.names[data.from[k]]} → ${data.names[data.to[k]]}: ${figures(view.weight[k])} ${view.unit}\n` +
      `over all ${data.estimate[k]}`;

    const hover = (event) => {
      const [x, y] = [event.offsetX, event.offsetY];
      const person = personAt(x, y);
      const tie = person < 0 ? tieAt(x, y) : -1;
      tip.hidden = person < 0 && tie < 0;
      canvas.style.cursor = tip.hidden ? "grab" : "pointer";
      if (tip.hidden) return;
      tip.textContent = person < 0 ? tieText(tie) : data.said[person];
      tip.style.left = `${Math.max(0, Math.min(x + 12, canvas.clientWidth - tip.offsetWidth - 4))}px`;
      tip.style.top = `${y + 16}px`;
    };

    const choose = (k) => {
      chosen = k;
      if (k < 0) said.textContent = "";
      else {
        const side = (end, other, word) => {
          const found = view.used.filter((tie) => data[end][tie] === k).reverse();
          const told = found.slice(0, 5).map((tie) => `${data.names[data[other][tie]]} (${figures(view.weight[tie])})`);
          const rest = found.length > 5 ? ` and ${found.length - 5} more` : "";
          return found.length ? ` ${word} ${told.join(", ")}${rest}.` : "";
        };
        const both = side("from", "to", "Sways") + side("to", "from", "Swayed by");
        said.textContent = `${data.said[k]}.${both || " No tie in this view."}`;
      }
      soon();
    };

    const zoomed = (factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) => {
      zoom *= factor;
      left = x + (left - x) * factor;
      top = y + (top - y) * factor;
      soon();
    };
    const moved = (x, y) => {
      left += x;
      top += y;
      soon();
    };

    canvas.addEventListener("pointerdown", (event) => {
      grip = { x: event.clientX, y: event.clientY, moved: 0 };
      canvas.setPointerCapture(event.pointerId);
      take();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!grip) {
        hover(event);
        return;
      }
      const [x, y] = [event.clientX - grip.x, event.clientY - grip.y];
      grip = { x: event.clientX, y: event.clientY, moved: grip.moved + Math.abs(x) + Math.abs(y) };
      tip.hidden = true;
      [left, top] = [left + x, top + y];
      pushed = [pushed[0] + x, pushed[1] + y];
      if (!waiting) requestAnimationFrame(push);
      waiting = true;
    });
    canvas.addEventListener("pointerup", (event) => {
      const clicked = grip && grip.moved < 4;
      grip = null;
      if (clicked) choose(personAt(event.offsetX, event.offsetY));
      else soon();
    });
    canvas.addEventListener("pointercancel", () => { grip = null; soon(); });
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
    canvas.addEventListener("wheel", (event) => {
      // A plain wheel scrolls the page, as everywhere on it.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomed(Math.exp(-0.0015 * event.deltaY), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const steps = {
        ArrowLeft: () => moved(40, 0), ArrowRight: () => moved(-40, 0), ArrowUp: () => moved(0, 40),
        ArrowDown: () => moved(0, -40), "+": () => zoomed(1.3), "-": () => zoomed(1 / 1.3), Escape: () => choose(-1),
      };
      if (!Object.hasOwn(steps, event.key)) return;
      event.preventDefault();
      steps[event.key]();
    });
    const act = { in: () => zoomed(1.5), out: () => zoomed(1 / 1.5), all: () => { reset(); choose(-1); } };
    for (const button of holder.querySelectorAll("button")) button.addEventListener("click", act[button.value]);
    select.addEventListener("change", () => { view = at(select.selectedIndex); choose(chosen); });
    find.addEventListener("change", () => {
      const wanted = find.value.trim().toLowerCase();
      const exact = data.names.findIndex((name) => name.toLowerCase() === wanted);
      const found = exact < 0 ? data.names.findIndex((name) => name.toLowerCase().startsWith(wanted)) : exact;
      choose(wanted ? found : -1);
      if (wanted && found < 0) said.textContent = "Nobody of that name is drawn.";
      if (wanted && found >= 0) moved(canvas.clientWidth / 2 - px(found), canvas.clientHeight / 2 - py(found));
    });
    for (const query of [dark, print]) query.addEventListener("change", soon);
    addEventListener("swayline:theme", soon);
    addEventListener("beforeprint", draw);
    let before = 0;
    new ResizeObserver(() => {
      if (canvas.clientWidth === before) return;
      before = canvas.clientWidth;
      reset();
      draw();
    }).observe(canvas);
    reset();
    draw();
  };

  for (const holder of document.querySelectorAll("[data-network]")) start(holder);
})();
