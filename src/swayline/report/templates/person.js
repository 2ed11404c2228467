// Takes events out of a person's history and shows the list that the model gave without them. Everything comes from the
// page's JSON; ids and titles are set as text and never read as HTML.
(() => {
  "use strict";
  const about = JSON.parse(document.getElementById("about").textContent);
  const { words, items, events } = about;
  const MOST = 2; // events taken out by themselves: the page holds every list without one or two
  const base = { list: about.shown, ranks: about.shown.map((_, place) => place + 1) };
  let out = new Set(); // numbers of events
  let group = null; // the number of a group, instead of events
  let chosen = null; // the place of an item in the list as it is
  const by = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const make = (tag, className, text) => {
    const one = document.createElement(tag);
    if (className) one.className = className;
    if (text !== undefined) one.textContent = text;
    return one;
  };
  const button = (pressed, act, ...inside) => {
    const one = make("button");
    one.type = "button";
    one.setAttribute("aria-pressed", String(pressed));
    one.append(...inside);
    one.addEventListener("click", act);
    return one;
  };
  const row = (...inside) => {
    const one = make("li");
    one.append(...inside);
    return one;
  };
  // Rebuilding a list would lose the keyboard's place in it.
  const replace = (holder, rows) => {
    const at = [...holder.querySelectorAll("button")].indexOf(document.activeElement);
    holder.replaceChildren(...rows);
    if (at >= 0) holder.querySelectorAll("button")[at]?.focus();
  };

  const variant = () => {
    if (group !== null) return about.groups[group];
    return out.size ? about.lists[[...out].sort((a, b) => a - b).join(",")] : base;
  };
  const move = (now, was) => {
    if (variant() === base) return make("span", "move", "");
    const kind = was > about.shown.length ? "new" : now < was ? "up" : now > was ? "down" : "same";
    const sign = { new: "▲", up: "▲", down: "▼", same: "=" }[kind];
    return make("span", `move ${kind}`, kind === "same" ? sign : `${sign} ${fill(words.was, { rank: was })}`);
  };

  const list = () => {
    const { list: shown, ranks } = variant();
    replace(by("list"), shown.map((item, at) => {
      const place = about.shown.indexOf(item);
      const what = make("span", "what");
      what.append(make("bdi", "", items[item].label));
      if (variant() === base) what.append(make("span", "reason", about.reasons[place]));
      const inside = [make("span", "rank", at + 1), what, move(at + 1, items[item].rank)];
      return row(button(place >= 0 && place === chosen, () => {
        chosen = place < 0 || chosen === place ? null : place;
        show();
      }, ...inside));
    }));
    const left = about.shown.map((item, place) => [item, place]).filter(([item]) => !shown.includes(item));
    by("gone-side").hidden = !left.length;
    by("gone").replaceChildren(...left.map(([item, place]) => {
      const label = make("span", "what");
      label.append(make("bdi", "", items[item].label));
      return row(make("span", "rank", place + 1), " ", label, " ",
        make("span", "move down", `▼ ${fill(words.now, { rank: ranks[place] })}`));
    }));
    return left.length;
  };

  const pull = (event) => {
    const own = about.pulls[event];
    return chosen === null ? own.reduce((sum, one) => sum + one, 0) / own.length : own[chosen];
  };
  const history = () => {
    const pulls = events.map((_, event) => pull(event));
    const most = Math.max(1e-12, ...pulls.map(Math.abs));
    replace(by("history"), events.map((event, number) => {
      const what = make("span", "what");
      const more = [event.behavior, event.category, event.time].filter((one) => one !== null).join(" · ");
      what.append(make("bdi", "", event.label), make("span", "soft", more));
      const bar = make("span", "bar");
      const part = make("i", pulls[number] < 0 ? "low" : "");
      const width = 50 * Math.abs(pulls[number]) / most;
      part.style.width = `${width}%`;
      part.style.left = `${pulls[number] < 0 ? 50 - width : 50}%`;
      bar.append(part);
      const figure = make("span", "figure", (pulls[number] > 0 ? "+" : "") + pulls[number].toPrecision(2));
      const one = button(out.has(number), () => take(number), what, bar, figure);
      one.title = words.take_out;
      return row(one);
    }).reverse());
    by("pull").textContent =
      chosen === null ? words.pull_all : fill(words.pull_of, { item: items[about.shown[chosen]].label });
  };

  const take = (number) => {
    group = null;
    if (out.has(number)) out.delete(number);
    else if (out.size < MOST) out.add(number);
    else return say(words.most, true);
    show();
  };
  const say = (text, warn = false) => {
    by("said").textContent = text;
    by("said").classList.toggle("warn", warn);
  };
  const named = (one) => fill(words.all_of, { name: one.name, n: one.events });
  const groups = () => {
    if (!about.groups.length) return;
    const buttons = about.groups.map((one, number) => button(group === number, () => {
      group = group === number ? null : number;
      out.clear();
      show();
    }, named(one)));
    replace(by("groups"), [...buttons, button(false, () => {
      group = null;
      out.clear();
      chosen = null;
      show();
    }, words.reset)]);
  };
  const show = () => {
    groups();
    history();
    const left = list();
    if (variant() === base) return say(words.as_is);
    const what = group !== null ? named(about.groups[group])
      : out.size === 1 ? words.event : fill(words.events, { n: out.size });
    say(fill(words.without, { what, left, k: about.shown.length }));
  };
  show();
})();
