// Colours of scores: equal steps of score are equal steps of lightness to the eye (OKLab), from the paper's own
// colour to a dark or glowing end. Warm is for, blue is against; both differ in lightness from the paper, so that
// neither colour-blind eyes nor a grey printer lose the size, and hue (orange, blue) tells the sign.
"use strict";
(() => {
  /** OKLCH to sRGB bytes, by Ottosson's matrices. */
  const rgb = (lightness, chroma, hue) => {
    const a = chroma * Math.cos((hue * Math.PI) / 180);
    const b = chroma * Math.sin((hue * Math.PI) / 180);
    const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
    const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
    const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
    const byte = (x) => {
      const c = x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055;
      return Math.round(255 * Math.min(1, Math.max(0, c)));
    };
    return [
      byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
      byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
      byte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
    ];
  };

  // Ends of the scales: [lightness, chroma, hue] at 0 and at ±1.
  const ends = {
    light: { paper: [0.995, 0.002, 80], warm: [0.55, 0.17, 45], cold: [0.55, 0.15, 255], bend: 40 },
    dark: { paper: [0.22, 0.012, 265], warm: [0.8, 0.15, 62], cold: [0.8, 0.12, 238], bend: 0 },
  };
  const steps = 256;

  const ramp = (paper, end, bend) =>
    Array.from({ length: steps }, (_, i) => {
      const t = i / (steps - 1);
      const mix = (k) => paper[k] + (end[k] - paper[k]) * t;
      return rgb(mix(0), end[1] * Math.sin((t * Math.PI) / 2) ** 1.1, end[2] + bend * (1 - t));
    });
  const ramps = {};
  for (const theme of ["light", "dark"]) {
    const { paper, warm, cold, bend } = ends[theme];
    ramps[theme] = { warm: ramp(paper, warm, bend), cold: ramp(paper, cold, bend === 0 ? 0 : -35) };
  }

  const luminance = ([r, g, b]) => {
    const lin = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * lin(r) + 0.7152 * lin(g) + 0.0722 * lin(b);
  };
  /** Softer than black and white where the ground lets it. */
  const ink = (ground) => {
    if (ground > 0.179) return ground > 0.3 ? "rgb(27 28 31)" : "rgb(0 0 0)";
    return ground < 0.05 ? "rgb(232 232 234)" : "rgb(255 255 255)";
  };
  const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

  /** The page's theme as it is seen now. */
  llmx.theme = () => {
    const asked = document.documentElement.dataset.theme;
    if (asked === "light" || asked === "dark") return asked;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  };

  /** From scores to colours: `top` is the size of score at the scale's end, `contrast` in [-1, 1] bends it (more:
   *  small scores show), `signed` keeps the sign. */
  llmx.scale = ({ top, contrast = 0, signed = true, theme = llmx.theme() }) => {
    const power = 2 ** (-2 * contrast);
    const { warm, cold } = ramps[theme];
    /** Where a score stands on the scale: [-1, 1]. */
    const place = (v) => {
      if (!(top > 0)) return 0;
      const t = Math.min(1, Math.abs(v) / top) ** power;
      return signed && v < 0 ? -t : t;
    };
    const at = (t) => (t < 0 ? cold : warm)[Math.round(Math.abs(t) * (steps - 1))];
    return {
      top, signed, place,
      bytes: (v) => at(place(v)),
      css: (v) => css(at(place(v))),
      cssAt: (t) => css(at(t)),
      /** Ink that is readable on a score's colour: 4.5 : 1 or better. */
      ink: (v) => ink(luminance(at(place(v)))),
    };
  };

  /** The end of a scale for some scores: their largest size; where one score dwarfs all others (attention's first
   *  token often does), the largest of the others, and the legend says so. */
  llmx.scaleTop = (values) => {
    let first = 0;
    let second = 0;
    for (const v of values) {
      const size = Math.abs(v);
      if (size > first) [first, second] = [size, first];
      else if (size > second) second = size;
    }
    return second > 0 && first > 3 * second ? { top: second, clipped: first } : { top: first, clipped: null };
  };

  /** Colours for things without order (heads, curves): eight that colour-blind eyes tell apart (Okabe and Ito). */
  llmx.categories = () => (llmx.theme() === "dark"
    ? ["#e69f00", "#56b4e9", "#00c08b", "#f0e442", "#4f9be8", "#ff7a33", "#e08bbd", "#c7c7c7"]
    : ["#b87700", "#2f8fc8", "#008f6b", "#9a8f00", "#0064a6", "#c94f00", "#b3568a", "#555555"]);
})();
