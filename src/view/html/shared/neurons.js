// Queries and keys of a result, and the scores that they give (docs/definitions.md, section 8).
"use strict";
(() => {
  const cache = new WeakMap();

  /** @param {Result} result
   *  @param {NeuronJson} raw
   *  @returns {NeuronGroup} */
  const groupOf = (result, raw) => {
    const [first, last] = raw.heads;
    const { size, rows, key_count: count } = raw;
    let loaded = null;
    const load = () => (loaded ??= { queries: llmx.floats(raw.queries), keys: llmx.floats(raw.keys), bias: raw.bias ? llmx.floats(raw.bias) : null });
    const part = (result.views?.attention ?? []).find((p) => p.kind === raw.kind);
    const all = raw.first_row + rows;
    const vectors = {
      kind: raw.kind, block: raw.block, heads: Array.from({ length: last - first }, (_, i) => first + i), firstRow: raw.first_row, rowCount: rows, size,
      rows: llmx.attentionTokens(result, raw.kind, part?.rows ?? all, "rows"), keyTokens: llmx.attentionTokens(result, raw.kind, count, "keys"),
      scale: raw.scale, softcap: raw.softcap,
      visible: (q) => raw.visible[q - raw.first_row],
      query: (head, q) => load().queries.subarray(((head - first) * rows + q - raw.first_row) * size, ((head - first) * rows + q - raw.first_row + 1) * size),
      key: (k) => load().keys.subarray(k * size, (k + 1) * size),
      bias: (head, q, k) => (load().bias ? load().bias[((head - first) * rows + q - raw.first_row) * count + k] : 0),
      hasBias: raw.bias !== undefined,
      sink: (head) => raw.sinks?.[head - first] ?? null,
    };
    /** For one query: of every visible key its product, score and weight. */
    const look = (head, q) => {
      const query = vectors.query(head, q);
      const [from, to] = vectors.visible(q);
      const keys = [];
      const sink = vectors.sink(head);
      let top = sink ?? -Infinity;
      for (let k = from; k < to; ++k) {
        const key = vectors.key(k);
        let dot = 0;
        for (let d = 0; d < size; ++d) dot += query[d] * key[d];
        const scaled = vectors.scale * dot;
        const score = (vectors.softcap ? vectors.softcap * Math.tanh(scaled / vectors.softcap) : scaled) + vectors.bias(head, q, k);
        keys.push({ k, dot, score, weight: 0 });
        top = Math.max(top, score);
      }
      let sum = sink === null ? 0 : Math.exp(sink - top);
      for (const e of keys) sum += Math.exp(e.score - top);
      for (const e of keys) e.weight = Math.exp(e.score - top) / sum;
      return keys;
    };
    return { ...vectors, look };
  };

  /** Every group of heads of a result whose queries and keys are there. */
  llmx.neurons = (result) => {
    if (!cache.has(result)) cache.set(result, (result.views?.neuron ?? []).map((raw) => groupOf(result, raw)));
    return cache.get(result);
  };
})();
