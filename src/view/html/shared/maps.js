// What a result holds, as maps of one form: scores of units for targets.
"use strict";
(() => {
  const names = {
    saliency_map: "saliency map (original)",
    input_x_gradient: "input × gradient",
    integrated_gradients: "integrated gradients",
    smoothgrad: "SmoothGrad",
    smoothgrad_squared: "SmoothGrad-Squared",
    vargrad: "VarGrad",
    gradient_shap: "GradientSHAP",
    expected_gradients: "expected gradients",
    attention_mean: "attention, mean of all heads",
    mean_group: "attention scores (original)",
    pair_result: "attention of the first block (original)",
    attention_weights: "attention weights",
    attention_rollout: "attention rollout",
    attention_flow: "attention flow",
    attention_x_gradient: "attention × gradient",
    leave_one_out: "leave-one-out",
    shapley: "Shapley values",
    shapley_interactions: "Shapley values (with interactions)",
    kernel_shap: "KernelSHAP",
    lime: "LIME",
    sparse_linear: "sparse linear (ContextCite)",
    context_reliance: "context reliance (PECoRe)",
    block_gradient: "gradient × input by layer (original)",
  };
  llmx.methodName = (method) => names[method] ?? method.replaceAll("_", " ");

  /** Rows of a packed matrix as views of one memory. */
  const unpacked = (packed) => {
    const binary = atob(packed.float32);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; ++i) bytes[i] = binary.charCodeAt(i);
    const values = new Float32Array(bytes.buffer); // little-endian, as every browser's machine is
    if (packed.shape.length === 1) return values;
    const [rows, columns] = packed.shape;
    return Array.from({ length: rows }, (_, i) => values.subarray(i * columns, (i + 1) * columns));
  };

  /** A result as the program wrote it: packed numbers become typed arrays in their place. */
  llmx.unpack = (json) => {
    if (json === null || typeof json !== "object") return json;
    if (typeof json.float32 === "string") return unpacked(json);
    for (const key of Object.keys(json)) json[key] = llmx.unpack(json[key]);
    return json;
  };

  /** Answer tokens [first, last) that a target's tokens are. Tokens are counted through prompt and answer (an
   *  encoder's answer stands in the prompt). */
  const answerPart = (result, [first, last]) => {
    const prompt = result.Prompt.length;
    const answer = result.Decode_output.length;
    if (first < prompt) return [0, answer];
    return [Math.min(first - prompt, answer), Math.min(last - prompt, answer)];
  };

  /** @param {Result} result */
  const tokenUnits = (result, rows) => {
    const after = result.decoder_inputs ?? result.Decode_output;
    const units = [];
    for (let t = 0; t < rows; ++t) {
      const prompt = t < result.Prompt.length;
      units.push({ text: prompt ? result.Prompt[t] : (after[t - result.Prompt.length] ?? ""), kind: prompt ? "token" : "answer", tokens: [t] });
    }
    return units;
  };
  /** @param {Result} result */
  const answerTargets = (result) => result.Decode_output.map((text, t) => ({ text, first: t, last: t + 1, value: null }));
  /** @param {Result} result
   *  @param {number | null} value */
  const whole = (result, value = null) => [{ text: result.answer_text, first: 0, last: result.Decode_output.length, value }];

  /** @param {RawMap} map
   *  @returns {ScoreMap} */
  const finish = (map) => ({
    ...map,
    label: map.label ?? llmx.methodName(map.method),
    tokenwise: map.units.every((u) => u.tokens.length === 1),
    rowsBy: map.rowsBy ?? (map.targets.length > 1 || (map.targets[0] && map.targets[0].last - map.targets[0].first === 1) ? "token" : "answer"),
  });

  /** @param {Result} result
   *  @param {AttributionJson} entry
   *  @param {number} index */
  const fromAttribution = (result, entry, index) => {
    const parts = (u) => u.parts ?? [u.tokens];
    const spread = (u) => parts(u).flatMap(([a, b]) => Array.from({ length: b - a }, (_, i) => a + i));
    const targets = entry.targets.map((t) => {
      const [first, last] = answerPart(result, t.tokens);
      return { text: t.text, first, last, value: t.value };
    });
    return finish({
      id: `attribution-${index}`, method: entry.method, objective: entry.objective, options: entry.options, signed: entry.signed,
      units: entry.units.map((u) => ({ text: u.text, kind: u.kind, tokens: spread(u) })),
      targets, scores: entry.scores, errors: entry.standard_errors, completeness: entry.completeness, noise: entry.noise,
      faithfulness: entry.faithfulness, plausibility: entry.plausibility, sensitivity: entry.context_sensitivity,
      // Several targets at one place: its most probable tokens.
      alternatives: /most probable tokens/.test(entry.objective),
    });
  };

  /** @param {Result} result
   *  @param {NonNullable<Result["Attention"]>} attention */
  const fromAttention = (result, attention) => {
    /** @type {RawMap[]} */
    const maps = [];
    const { mean, attention_result: original, pair_result: pair } = attention;
    if (mean.length > 0) {
      const encoder = result.model.kind === "encoder"; // rows are the pair's own tokens
      const [a, b] = encoder ? [result.span?.start_token ?? 0, (result.span?.end_token ?? 0) + 1] : [0, mean.length];
      const rows = encoder ? mean.slice(a, b) : mean;
      const targets = encoder ? rows.map((_, i) => ({ text: result.Prompt[a + i], first: i, last: i + 1, value: null })) : answerTargets(result);
      maps.push({ id: "attention-mean", method: "attention_mean", objective: "each answer token", signed: false, units: tokenUnits(result, mean[0].length), targets, scores: rows, rowsBy: "token" });
    }
    if (original.mean_group_df.length > 0) maps.push({ id: "attention-original", method: "mean_group", objective: "each answer token", signed: true, units: tokenUnits(result, original.mean_group_df[0].length), targets: answerTargets(result), scores: original.mean_group_df, rowsBy: "token" });
    if (pair.attention.length > 0) maps.push({ id: "attention-pair", method: "pair_result", objective: "the prompt itself", signed: false, units: tokenUnits(result, pair.attention.length), targets: whole(result), scores: [pair.attention], faithfulness: pair.faithfulness, plausibility: pair.plausibility, rowsBy: "answer" });
    return maps;
  };

  /** @param {Result} result
   *  @param {NonNullable<Result["Gradient"]>} gradient */
  const fromGradient = (result, gradient) => {
    const { saliency_map: map, block_gradient_x_input: blocks, faithfulness, plausibility } = gradient;
    /** @type {RawMap[]} */
    const all = [];
    if (map.length > 0) all.push({ id: "gradient-saliency", method: "saliency_map", objective: result.objective.name, signed: false, units: tokenUnits(result, map.length), targets: whole(result, result.objective.value), scores: [map], faithfulness, plausibility, rowsBy: "answer" });
    if (blocks.length > 0) all.push({ id: "gradient-blocks", method: "block_gradient", objective: "each block", signed: false, units: tokenUnits(result, blocks[0].length), targets: Array.from(blocks, (_, l) => ({ text: `block ${l}`, first: 0, last: result.Decode_output.length, value: null })), scores: blocks, rowsBy: "block" });
    return all;
  };

  /** Every map of a result: what the user asked for first, then the original toolbox's. */
  llmx.maps = (result) => {
    const maps = (result.attributions ?? []).map((entry, i) => fromAttribution(result, entry, i)).filter((m) => m.units.length > 0 && m.targets.length > 0);
    if (result.Gradient) maps.push(...fromGradient(result, result.Gradient).map(finish));
    if (result.Attention) maps.push(...fromAttention(result, result.Attention).map(finish));
    return maps;
  };

  /** Indices of the map's rows for a span of answer tokens: those that lie in it; of a map of the whole answer
   *  its one row; none where no row belongs there. Of alternatives the most probable of each place. */
  llmx.rowsFor = (map, span) => {
    if (map.rowsBy !== "token") return map.rowsBy === "answer" ? [0] : map.targets.map((_, i) => i);
    const inside = [];
    const places = new Set();
    map.targets.forEach((t, i) => {
      if (span && (t.first < span.first || t.last > span.last)) return;
      if (map.alternatives && places.has(t.first)) return;
      places.add(t.first);
      inside.push(i);
    });
    return inside;
  };

  /** The sum of some rows. */
  llmx.sumRows = (map, rows) => {
    const sum = new Float64Array(map.units.length);
    for (const r of rows) {
      const row = map.scores[r];
      for (let i = 0; i < sum.length; ++i) sum[i] += row[i];
    }
    return sum;
  };
})();
