// Language and theme as chosen; live parts brought up to date. What comes from an event is set as text, never as HTML.
(() => {
  "use strict";
  const root = document.documentElement;
  const selects = Object.fromEntries([...document.querySelectorAll("[data-look]")].map((one) => [one.dataset.look, one]));
  const keep = () => {
    const look = `${selects.language.value}.${selects.theme.value}`;
    document.cookie = `swayline_look=${look}; path=/dashboard; max-age=31536000; samesite=strict`;
  };
  selects.language?.addEventListener("change", () => { keep(); location.reload(); });
  selects.theme?.addEventListener("change", () => {
    keep();
    if (selects.theme.value === "system") delete root.dataset.theme;
    else root.dataset.theme = selects.theme.value;
    dispatchEvent(new Event("swayline:theme"));
  });
  document.querySelector(".contents [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  const element = document.getElementById("live-data");
  root.dataset.ready = "yes";
  if (!element) return;
  const live = JSON.parse(element.textContent);
  const part = (name) => document.querySelector(`[data-live="${name}"]`);
  const trouble = document.getElementById("trouble");
  const cell = (text, tag = "td") => {
    const made = document.createElement(tag);
    made.textContent = text;
    return made;
  };
  const say = (text) => {
    trouble.textContent = text;
    trouble.hidden = !text;
  };

  const row = ([time, user, behavior, item], fresh) => {
    const made = document.createElement("tr");
    const link = cell(user, "a");
    link.href = part("newest").dataset.person + encodeURIComponent(user);
    const who = document.createElement("td");
    who.append(link);
    const what = document.createElement("td");
    const chip = cell(behavior, "span");
    chip.className = "what";
    what.append(chip);
    made.append(cell(time), who, what, cell(item));
    if (fresh) made.className = "fresh";
    return made;
  };
  const show = (news) => {
    const before = new Set([...part("newest").children].map((one) => one.textContent));
    const rows = news.newest.map((one) => row(one, !before.has(one.join(""))));
    if (!part("newest").contains(document.activeElement)) part("newest").replaceChildren(...rows);
    const tiles = part("tiles").children;
    news.tiles.forEach(([value, label], at) => {
      tiles[at].querySelector("strong").textContent = value;
      tiles[at].querySelector("dt").textContent = label;
    });
    part("empty").hidden = news.newest.length > 0;
    part("table").hidden = part("funnel").hidden = news.newest.length === 0;
    dispatchEvent(new CustomEvent("swayline:figure", { detail: { id: "live-funnel", figure: news.figure } }));
  };

  let mark = live.mark;
  const ask = async () => {
    if (document.hidden) return 1000;
    try {
      const answer = await fetch(`${live.url}?after=${encodeURIComponent(mark)}`, { credentials: "same-origin" });
      const news = await answer.json();
      if (answer.status === 401) {
        say(live.ended);
        return 0;
      }
      if (!answer.ok) {
        say(news.detail);
        return 3000;
      }
      say("");
      if (document.querySelector("[data-task]") && news.task !== live.task) location.reload();
      if (!news.same) {
        mark = news.mark;
        if (part("newest")) show(news);
      }
      return news.behind ? 200 : 1000;
    } catch {
      say(live.away);
      return 3000;
    }
  };
  const follow = async () => {
    const wait = await ask();
    if (wait) setTimeout(follow, wait);
  };
  setTimeout(follow, 500);
})();
