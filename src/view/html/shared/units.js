// Units: the tokens of the prompt joined to words, sentences and turns, and their scores with them.
"use strict";
(() => {
  /** Where `words` stand in a text; in any case, for tokenizers that write all in lower case. */
  const find = (text, words, from) => {
    const at = text.indexOf(words, from);
    const low = text.toLowerCase();
    return at >= 0 || low.length !== text.length ? at : low.indexOf(words.toLowerCase(), from);
  };

  /** Parts of the prompt that a person wrote, as they stand in its text: [{role, first, last}] in tokens.
   *  @param {Result} result */
  const writtenParts = (result, text, spans) => {
    const wanted = [];
    for (const m of result.command?.messages ?? []) wanted.push([m.role, m.content]);
    for (const role of ["question", "context", "source"]) {
      const given = result.command?.[role];
      if (wanted.length === 0 || result.command?.messages === undefined) if (given) wanted.push([role, given]);
    }
    const parts = [];
    let from = 0;
    for (const [role, content] of wanted) {
      const trimmed = String(content ?? "").trim();
      const at = trimmed === "" ? -1 : find(text, trimmed, from);
      if (at < 0) continue;
      from = at + trimmed.length;
      const first = spans.findIndex(([a, b]) => b > at && b > a);
      let last = first;
      while (last < spans.length && spans[last][0] < from) ++last;
      if (first >= 0 && last > first) parts.push({ role, first, last });
    }
    return parts;
  };

  /** The prompt as turns, without gaps: [{role, first, last}], role "template" between what people wrote.
   *  @param {Result} result */
  const turns = (result, text, spans) => {
    const written = writtenParts(result, text, spans);
    const all = [];
    let at = 0;
    for (const part of written) {
      if (part.first > at) all.push({ role: "template", first: at, last: part.first });
      all.push(part);
      at = part.last;
    }
    if (at < spans.length) all.push({ role: written.length > 0 ? "template" : "prompt", first: at, last: spans.length });
    return all;
  };

  /** For each token the number of its word or sentence. Tokens that share a segment stay together, as does a
   *  token that reaches over several; white space alone belongs to what is before it. */
  const segment = (text, spans, first, last, granularity) => {
    const from = spans[first][0];
    const to = spans[last - 1][1];
    const segmenter = new Intl.Segmenter("en", { granularity });
    const starts = [];
    for (const s of segmenter.segment(text.slice(from, to))) starts.push(from + s.index);
    const at = (place) => {
      let low = 0;
      let high = starts.length;
      while (low + 1 < high) {
        const middle = (low + high) >> 1;
        if (starts[middle] <= place) low = middle;
        else high = middle;
      }
      return low;
    };
    const groups = [];
    let reach = -1;
    for (let t = first; t < last; ++t) {
      const [a, b] = spans[t];
      const token = text.slice(a, b);
      const lead = token.length - token.trimStart().length;
      const blank = lead === token.length;
      const start = at(Math.min(a + lead, Math.max(b - 1, a)));
      if (groups.length > 0 && (blank || start <= reach)) groups[groups.length - 1].push(t);
      else groups.push([t]);
      if (!blank) reach = Math.max(reach, at(Math.max(b - 1 - (token.length - token.trimEnd().length), a)));
    }
    return groups;
  };

  /** What stands in the prompt: its text, where each token is, its turns and its control tokens. */
  llmx.prompt = (result) => {
    const { text, spans } = llmx.spans(
      result.Prompt,
      (result.partial_tokens ?? []).filter((i) => i < result.Prompt.length),
      result.source_text ?? result.prompt_text,
    );
    return { tokens: result.Prompt, text, spans, turns: turns(result, text, spans) };
  };

  /** A unit's text; of tokens that are pieces of a character, the first one has it whole. */
  llmx.shownText = (result, prompt, unit) => {
    const [first, last] = [unit.tokens[0], unit.tokens[unit.tokens.length - 1]];
    if (last >= prompt.spans.length || !result.partial_tokens?.some((t) => t >= first && t <= last)) return unit.text;
    return prompt.text.slice(prompt.spans[first][0], prompt.spans[last][1]);
  };

  /** The answer's tokens, likewise. */
  llmx.answerTexts = (result) => {
    const first = result.Prompt.length;
    const partial = (result.partial_tokens ?? []).filter((t) => t >= first).map((t) => t - first);
    if (partial.length === 0) return result.Decode_output;
    const { text, spans } = llmx.spans(result.Decode_output, partial, result.answer_text);
    return spans.map(([from, to]) => text.slice(from, to));
  };

  llmx.unitKinds = { token: "token", word: "word", sentence: "sentence", turn: "turn" };

  /** The prompt's tokens in groups of one kind: [{role, tokens}], none over a turn's end. */
  llmx.groups = (prompt, kind) => {
    const groups = [];
    for (const turn of prompt.turns) {
      const add = (tokens) => groups.push({ role: turn.role, tokens });
      if (kind === "turn") {
        add(Array.from({ length: turn.last - turn.first }, (_, i) => turn.first + i));
      } else if (kind === "token" || turn.role === "template" || typeof Intl.Segmenter === "undefined") {
        for (let t = turn.first; t < turn.last; ++t) add([t]);
      } else {
        for (const tokens of segment(prompt.text, prompt.spans, turn.first, turn.last, kind)) add(tokens);
      }
    }
    return groups;
  };

  const joins = {
    sum: (values) => values.reduce((a, b) => a + b, 0),
    mean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
    max_abs: (values) => values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0),
  };
  llmx.aggregations = { sum: "sum", mean: "mean", max_abs: "largest" };

  /** Units of a map in the kind that was asked for. A map of tokens is joined; one that was computed for
   *  larger units stays as it is. [{text, kind, tokens, of: indices in the map's own units}] */
  llmx.unitsOf = (map, prompt, kind) => {
    if (!map.tokenwise || kind === "token") return map.units.map((u, i) => ({ ...u, of: [i] }));
    const at = new Map(map.units.map((u, i) => [u.tokens[0], i]));
    const units = [];
    for (const group of llmx.groups(prompt, kind)) {
      const of = group.tokens.flatMap((t) => at.get(t) ?? []);
      if (of.length === 0) continue;
      const tokens = of.flatMap((i) => map.units[i].tokens);
      const last = tokens[tokens.length - 1];
      units.push({ text: prompt.text.slice(prompt.spans[tokens[0]][0], prompt.spans[last][1]), kind: group.role, tokens, of });
    }
    // Rows behind the prompt (earlier answer tokens as sources) are one each.
    map.units.forEach((u, i) => {
      if (u.tokens[0] >= prompt.tokens.length) units.push({ ...u, of: [i] });
    });
    return units;
  };

  /** Scores of such units from a row of the map's own. */
  llmx.aggregate = (row, units, how) => units.map((u) => (u.of.length === 1 ? row[u.of[0]] : joins[how](u.of.map((i) => row[i]))));
})();
