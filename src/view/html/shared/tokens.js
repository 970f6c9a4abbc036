// Tokens as a person reads them: characters that cannot be seen are named, long ones are cut.
"use strict";
(() => {
  const h = llmx.h;
  // Format characters (zero width, direction marks and overrides), controls, and what has no glyph.
  const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00ad\u115f\u1160\u3164\uffa0]/u;
  const cut = /([\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00ad\u115f\u1160\u3164\uffa0]|\n)/u;
  const names = { "\n": "↵", "\t": "⇥", "\r": "␍", "\u200d": "ZWJ", "\u200c": "ZWNJ", "\u200b": "ZWSP", "\ufeff": "BOM" };

  const codePoint = (c) => `U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

  /** Joiners inside a word or an emoji belong to its shape. */
  const joins = (text, at) => /[\u200c\u200d]/.test(text[at]) && at > 0 && at + 1 < text.length;

  /** Nodes of a token for running text. Line ends stay line ends. */
  llmx.tokenNodes = (text) => {
    if (!unseen.test(text)) return [document.createTextNode(text)];
    const nodes = [];
    let at = 0;
    for (const piece of text.split(cut)) {
      if (piece.length === 1 && piece === "\n") {
        nodes.push(h("span", { class: "unseen line-end", "aria-hidden": "true", text: "↵" }), document.createTextNode("\n"));
      } else if (piece !== "" && unseen.test(piece) && [...piece].length === 1 && !joins(text, at)) {
        nodes.push(h("span", { class: "unseen", text: names[piece] ?? codePoint(piece) }));
      } else if (piece !== "") {
        nodes.push(document.createTextNode(piece));
      }
      at += piece.length;
    }
    return nodes;
  };

  /** A name for screen readers where the text alone would be none. */
  llmx.tokenName = (text) => {
    const label = llmx.tokenLabel(text, 80);
    const count = [...text].length;
    if (label.trim() === "") return count === 1 ? "space" : `${count} spaces`;
    return text.trim() === "" || unseen.test(text) ? label : null;
  };

  /** One line of at most `most` characters, for tooltips, axes and lists. */
  llmx.tokenLabel = (text, most = 40) => {
    let label = "";
    let count = 0;
    for (const c of text) {
      if (++count > most) return `${label}…`;
      label += c === " " ? "\u00a0" : unseen.test(c) ? (names[c] ?? `‹${codePoint(c)}›`) : c;
    }
    return label === "" ? "(empty)" : label;
  };

  /** Where each token stands in `joined`, the text of all: [first, last) in UTF-16 units. Tokens that end inside
   *  a character are shown as U+FFFD and get the characters between their whole neighbours, all of them the
   *  first one's. Where the text cannot be followed, the tokens' own strings are laid end to end. */
  llmx.spans = (tokens, partial, joined) => {
    const broken = new Set(partial);
    const spans = [];
    let at = 0;
    for (let i = 0; i < tokens.length; ++i) {
      if (broken.has(i)) {
        let end = i;
        while (end < tokens.length && broken.has(end)) ++end;
        const next = end < tokens.length ? joined.indexOf(tokens[end], at) : joined.length;
        if (next < 0) return laid(tokens);
        spans.push([at, next]);
        for (let k = i + 1; k < end; ++k) spans.push([next, next]);
        at = next;
        i = end - 1;
        continue;
      }
      const token = i === 0 && !joined.startsWith(tokens[0]) ? tokens[0].replace(/^ /, "") : tokens[i];
      if (!joined.startsWith(token, at)) return laid(tokens);
      spans.push([at, at + token.length]);
      at += token.length;
    }
    return { text: joined, spans };
  };
  const laid = (tokens) => {
    let at = 0;
    return { text: tokens.join(""), spans: tokens.map((t) => [at, (at += t.length)]) };
  };
})();
