SwaylineScorer.load("./").then((scorer) => {
  const state = document.getElementById("state");
  state.textContent = `${scorer.model.items.length} items`;
  document.getElementById("ask").addEventListener("click", () => {
    const session = document.getElementById("session").value.split("\n").map((line) => line.trim()).filter(Boolean);
    const began = performance.now();
    const best = scorer.best(session, 10);
    state.textContent = `${(performance.now() - began).toFixed(1)} ms`;
    document.getElementById("list").replaceChildren(...best.map(({ item, score }) => {
      const row = document.createElement("tr");
      for (const text of [item, score.toFixed(3)]) row.appendChild(document.createElement("td")).textContent = text;
      return row;
    }));
  });
  globalThis.swaylineScorer = scorer;
}, (error) => { document.getElementById("state").textContent = String(error); });
