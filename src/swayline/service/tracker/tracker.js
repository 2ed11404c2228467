/* Swayline's browser tracker: impressions with their positions, clicks, and any event, without a dependency.

   <script src="/tracker.js"></script>
   <script>
     const track = swayline({address: "https://reco.example", key: "sway_…", user: "u1"});
     const list = await track.recommend({k: 5});            // needs a key that may read
     track.watch(document.querySelector("#list"), list.recommendation_id);  // children carry data-item
     track.event("view", "i1");
   </script>

   An impression is sent when half of an element was on the screen for one second, once for each list. What waits is sent
   after half a second, and when the page goes away. */
(function (scope) {
  "use strict";
  function swayline(options) {
    const address = (options.address || "").replace(/\/$/, "");
    let user = options.user || remembered(), waiting = [], timer = null;
    const session = id();

    function id() {
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
    }
    function remembered() {
      try {
        const kept = localStorage.getItem("swayline-user") || "visitor-" + id();
        localStorage.setItem("swayline-user", kept);
        return kept;
      } catch (_) { return "visitor-" + id(); }
    }
    function call(path, method, body) {
      const headers = { "content-type": "application/json" };
      if (options.key) headers.authorization = "Bearer " + options.key;
      return fetch(address + path, { method, headers, keepalive: body !== undefined, body: body && JSON.stringify(body) });
    }
    function later(path, row) {
      waiting.push([path, row]);
      if (waiting.length >= 50) flush();
      else if (timer === null) timer = setTimeout(flush, 500);
    }
    async function flush() {
      clearTimeout(timer); timer = null;
      const rows = waiting; waiting = [];
      for (const path of new Set(rows.map((one) => one[0]))) {
        const mine = rows.filter((one) => one[0] === path).map((one) => one[1]);
        try {
          const answer = await call(path, "POST", mine);
          if (answer.status === 429 || answer.status >= 500) throw new Error("again");
        } catch (_) { // ids make sending again safe; the page's memory is the bound
          waiting = mine.map((row) => [path, row]).concat(waiting).slice(-500);
          if (timer === null) timer = setTimeout(flush, 5000);
        }
      }
    }
    function event(behavior, item, more) {
      const row = { event_id: id(), user, behavior, session, time: new Date().toISOString(), ...(more || {}) };
      if (item !== undefined && item !== null) row.item = String(item);
      later("/v1/events", row);
    }
    function feedback(list, item, action, more) {
      later("/v1/feedback", { recommendation_id: list, item: String(item), action, user, ...(more || {}) });
    }
    function watch(element, list) {
      const timers = new Map();
      const seen = new IntersectionObserver((entries) => {
        for (const entry of entries) {
          const item = entry.target.dataset.item;
          if (entry.isIntersecting && !timers.has(item)) {
            timers.set(item, setTimeout(() => { feedback(list, item, "shown"); seen.unobserve(entry.target); }, 1000));
          } else if (!entry.isIntersecting && timers.has(item)) {
            clearTimeout(timers.get(item)); timers.delete(item);
          }
        }
      }, { threshold: 0.5 });
      for (const child of element.querySelectorAll("[data-item]")) {
        seen.observe(child);
        child.addEventListener("click", () => { feedback(list, child.dataset.item, "clicked"); flush(); });
      }
      return () => seen.disconnect();
    }
    async function recommend(asked) {
      const query = new URLSearchParams(asked || {});
      const answer = await call("/v1/users/" + encodeURIComponent(user) + "/recommendations?" + query, "GET");
      if (!answer.ok) throw new Error((await answer.json()).detail);
      return answer.json();
    }
    addEventListener("pagehide", flush);
    addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") flush(); });
    return { event, feedback, watch, recommend, flush, identify: (name) => { user = String(name); } };
  }
  scope.swayline = swayline;
})(typeof window === "undefined" ? globalThis : window);
