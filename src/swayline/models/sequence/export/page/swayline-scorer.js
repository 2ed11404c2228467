// Scores a session with a model that `swayline distil --form browser` wrote. No library, no request beyond its own files.
//
//   const scorer = await SwaylineScorer.load("./");            // model.json and weights.bin beside the page
//   scorer.best(["item-1", "item-7"], 10)                      // [{item, score}, …], best first
//
// Shapes: T tokens, D width, H heads, I items. Matrices are rows of whole numbers (int8) with one scale a row.

class SwaylineScorer {
  static async load(folder) {
    const model = await (await fetch(new URL("model.json", new URL(folder, location.href)))).json();
    const bytes = await (await fetch(new URL("weights.bin", new URL(folder, location.href)))).arrayBuffer();
    return new SwaylineScorer(model, bytes);
  }

  constructor(model, bytes) {
    this.model = model;
    this.arrays = {};
    const kinds = { int8: Int8Array, int32: Int32Array, float32: Float32Array };
    for (const [name, { kind, shape, at }] of Object.entries(model.arrays)) {
      const size = shape.reduce((all, n) => all * n, 1);
      this.arrays[name] = new kinds[kind](bytes, at, size);
    }
    this.row = new Map(model.items.map((item, row) => [item, row]));
    this.act = new Map(model.behaviors.map((behavior, row) => [behavior, row]));
  }

  // The best k items after a session; ids that the model does not know are passed over.
  best(items, k = 10, behaviors = []) {
    const known = items.map((item, place) => [this.row.get(item), this.act.get(behaviors[place]) ?? 0])
      .filter(([item]) => item !== undefined);
    const scores = this.score(known.map(([item]) => item), known.map(([, act]) => act));
    if (this.model.hides_seen) for (const [item] of known) scores[item] = -Infinity;
    const order = Array.from(scores.keys()).filter((item) => scores[item] > -Infinity)
      .sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
    return order.map((item) => ({ item: this.model.items[item], score: scores[item] }));
  }

  // (I,) scores after rows of items and behaviours.
  score(items, acts) {
    const scores = this.logits(this.state(items, acts));
    if (this.model.blend) this.join(scores, items);
    return scores;
  }

  state(items, acts) {
    const { width, n_items, n_behaviors, max_length, from_end, blocks } = this.model;
    const read = Math.min(items.length, max_length);
    const rows = [n_items, ...items.slice(items.length - read)];
    const behaviors = [n_behaviors, ...acts.slice(acts.length - read)];
    let x = rows.map((item, token) => {
      const found = this.row_of("table", item).map((value) => value * Math.sqrt(width));
      if (this.arrays.positions) add(found, this.row_of("positions", from_end ? read - token : token));
      if (this.arrays.behaviors) add(found, this.row_of("behaviors", behaviors[token]));
      return found;
    });
    for (let block = 0; block < blocks; block++) x = this[this.model.block](x, `${block}.`);
    let state = this.norm(x[read], "norm");
    if (this.model.temperature) state = unit(state).map((value) => value / this.model.temperature);
    return state;
  }

  sasrec(x, at) {
    const drawn = this.attention(x.map((row) => this.norm(row, at + "norm_attention")), at);
    return x.map((row, token) => {
      const middle = sum(row, this.linear(drawn[token], at + "out"));
      const hidden = this.linear(this.norm(middle, at + "norm_forward"), at + "up").map((value) => Math.max(0, value));
      return sum(middle, this.linear(hidden, at + "down"));
    });
  }

  ligr(x, at) {
    const drawn = this.attention(x.map((row) => this.norm(row, at + "norm_attention")), at);
    return x.map((row, token) => {
      const gate = this.linear(row, at + "gate_attention").map(sigmoid);
      const middle = sum(row, this.linear(drawn[token], at + "out").map((value, d) => value * gate[d]));
      const both = this.linear(this.norm(middle, at + "norm_forward"), at + "up");
      const half = both.length / 2;
      const hidden = both.slice(0, half).map((value, n) => value * sigmoid(value) * both[half + n]);
      const through = this.linear(middle, at + "gate_forward").map(sigmoid);
      return sum(middle, this.linear(hidden, at + "down").map((value, d) => value * through[d]));
    });
  }

  attention(x, at) {
    const { width, heads } = this.model, wide = width / heads;
    const parts = x.map((row) => this.linear(row, at + "qkv"));
    return parts.map((mine, token) => {
      const drawn = new Float32Array(width);
      for (let head = 0; head < heads; head++) {
        const from = head * wide, shares = [];
        for (let other = 0; other <= token; other++) {
          let product = 0;
          for (let d = from; d < from + wide; d++) product += mine[d] * parts[other][width + d];
          shares.push(product / Math.sqrt(wide));
        }
        const most = Math.max(...shares), raised = shares.map((value) => Math.exp(value - most));
        const whole = raised.reduce((all, value) => all + value, 0);
        raised.forEach((value, other) => {
          for (let d = from; d < from + wide; d++) drawn[d] += (value / whole) * parts[other][2 * width + d];
        });
      }
      return drawn;
    });
  }

  logits(state) {
    const { n_items, width } = this.model, table = this.arrays.table, scales = this.arrays["table.scale"];
    const scale = Math.max(state.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127, 1e-12);
    const whole = state.map((value) => roundEven(value / scale));
    const scores = new Float32Array(n_items);
    for (let item = 0, at = 0; item < n_items; item++) {
      let product = 0;
      for (let d = 0; d < width; d++, at++) product += whole[d] * table[at];
      scores[item] = product * scale * scales[item];
    }
    return scores;
  }

  // Neighbours of the whole session beside the network, each as much as validation said.
  join(scores, items) {
    const { share, scale, decay, returning } = this.model.blend, { offsets, columns, nearness } = this.arrays;
    const level = new Float32Array(scores.length);
    items.forEach((item, place) => {
      const weight = decay ** (items.length - 1 - place);
      for (let at = offsets[item]; at < offsets[item + 1]; at++) level[columns[at]] += weight * nearness[at];
    });
    if (!returning) items.forEach((item) => { level[item] = 0; });
    const most = level.reduce((all, value) => Math.max(all, value), 0);
    for (let item = 0; item < scores.length; item++) {
      scores[item] = (scores[item] + (most > 0 ? (share * level[item]) / most : 0)) * scale;
    }
  }

  norm(x, name) {
    const weight = this.arrays[name + ".weight"], bias = this.arrays[name + ".bias"];
    const mean = x.reduce((all, value) => all + value, 0) / x.length;
    const spread = x.reduce((all, value) => all + (value - mean) ** 2, 0) / x.length;
    return x.map((value, d) => ((value - mean) / Math.sqrt(spread + 1e-5)) * weight[d] + bias[d]);
  }

  linear(x, name) {
    const weight = this.arrays[name + ".weight"], scale = this.arrays[name + ".weight.scale"];
    const bias = this.arrays[name + ".bias"], wide = x.length, found = new Float32Array(scale.length);
    for (let row = 0, at = 0; row < found.length; row++) {
      let product = 0;
      for (let d = 0; d < wide; d++, at++) product += weight[at] * x[d];
      found[row] = product * scale[row] + (bias ? bias[row] : 0);
    }
    return found;
  }

  row_of(name, row) {
    const wide = this.model.width, scale = this.arrays[name + ".scale"][row];
    return Float32Array.from(this.arrays[name].subarray(row * wide, (row + 1) * wide), (value) => value * scale);
  }
}

const sigmoid = (value) => 1 / (1 + Math.exp(-value));
const sum = (a, b) => a.map((value, d) => value + b[d]);
const add = (a, b) => b.forEach((value, d) => { a[d] += value; });
const unit = (a) => { const size = Math.hypot(...a) || 1; return a.map((value) => value / size); };
const roundEven = (value) => { const low = Math.floor(value), rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low; };

globalThis.SwaylineScorer = SwaylineScorer;
