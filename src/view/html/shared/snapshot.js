// A view as it is seen, as an SVG: boxes, texts, pictures and drawings of its elements at their places.
"use strict";
(() => {
  const s = llmx.s;
  const clear = /^(transparent|rgba\(0, 0, 0, 0\))$/;

  const box = (rect, style, origin) => {
    const background = style.backgroundColor;
    const border = parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== "none" ? style.borderTopColor : null;
    if (clear.test(background) && border === null) return null;
    return s("rect", { x: rect.left - origin.left, y: rect.top - origin.top, width: rect.width, height: rect.height, rx: Math.min(parseFloat(style.borderTopLeftRadius) || 0, 6), fill: clear.test(background) ? "none" : background, stroke: border, "stroke-width": border && 1 });
  };

  /** A text node's lines: [{text, rect}]. */
  const lines = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter((r) => r.width > 0);
    if (rects.length === 0) return [];
    if (rects.every((r) => Math.abs(r.top - rects[0].top) < 2)) return [{ text: node.data, rect: range.getBoundingClientRect() }];
    const found = [];
    let at = 0;
    for (const character of node.data) {
      range.setStart(node, at);
      range.setEnd(node, (at += character.length));
      const r = range.getClientRects()[0];
      if (!r || r.width === 0) continue;
      const last = found[found.length - 1];
      if (last && Math.abs(last.rect.top - r.top) < 2) last.text += character;
      else found.push({ text: character, rect: r });
    }
    return found;
  };

  const texts = (node, style, origin) => lines(node).map(({ text, rect }) => s("text", {
    x: rect.left - origin.left, y: rect.top - origin.top + rect.height * 0.78, fill: style.color, "font-size": style.fontSize,
    "font-family": style.fontFamily.replaceAll('"', "'"), "font-weight": style.fontWeight, "xml:space": "preserve", text: text.replace(/\n/g, ""),
  }));

  const inline = (drawing, style, rect, origin) => {
    const copy = drawing.cloneNode(true);
    for (const [name, value] of [["x", rect.left - origin.left], ["y", rect.top - origin.top], ["width", rect.width], ["height", rect.height], ["color", style.color], ["font-family", style.fontFamily.replaceAll('"', "'")]]) copy.setAttribute(name, value);
    return copy;
  };

  /** `element` as it stands on the screen, as an SVG element. */
  llmx.snapshot = (element) => {
    const pad = 16;
    const place = element.getBoundingClientRect();
    const origin = { left: place.left - pad, top: place.top - pad };
    const [width, height] = [Math.ceil(place.width) + 2 * pad, Math.ceil(Math.max(place.height, element.scrollHeight)) + 2 * pad];
    const paper = getComputedStyle(document.body).backgroundColor;
    const picture = s("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` }, s("rect", { width, height, fill: paper }));
    const walk = (node) => {
      if (node.nodeType === Node.TEXT_NODE) {
        picture.append(...texts(node, getComputedStyle(node.parentElement), origin));
        return;
      }
      if (node.nodeType !== Node.ELEMENT_NODE) return;
      const style = getComputedStyle(node);
      const rect = node.getBoundingClientRect();
      if (style.display === "none" || style.visibility === "hidden" || node.matches("button, select, input, .control, .only-heard")) return;
      if (node instanceof SVGSVGElement) {
        picture.append(inline(node, style, rect, origin));
      } else if (node instanceof HTMLCanvasElement) {
        picture.append(s("image", { x: rect.left - origin.left, y: rect.top - origin.top, width: rect.width, height: rect.height, href: node.toDataURL("image/png") }));
      } else {
        const rects = style.display === "inline" ? node.getClientRects() : [rect];
        for (const r of rects) {
          const b = box(r, style, origin);
          if (b) picture.append(b);
        }
        for (const child of node.childNodes) walk(child);
      }
    };
    walk(element);
    return picture;
  };
  llmx.svgText = (picture) => `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(picture)}\n`;

  /** An SVG element as a PNG blob, twice as fine as the screen's points. */
  llmx.png = async (picture) => {
    const url = URL.createObjectURL(new Blob([llmx.svgText(picture)], { type: "image/svg+xml" }));
    try {
      const image = new Image();
      image.src = url;
      await image.decode();
      const [w, ht] = [Number(picture.getAttribute("width")), Number(picture.getAttribute("height"))];
      const fine = Math.min(2, 16000 / Math.max(w, ht)); // browsers' canvases end at 16,384 points
      const canvas = llmx.h("canvas", { width: Math.ceil(w * fine), height: Math.ceil(ht * fine) });
      llmx.pen(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
      return await new Promise((done, fail) => canvas.toBlob((b) => (b ? done(b) : fail(new Error("the picture is too large for this browser"))), "image/png"));
    } finally {
      URL.revokeObjectURL(url);
    }
  };
})();
