// Which units of two texts belong together, and how much two lists of scores agree.
"use strict";
(() => {
  /** Pairs [i, j] of equal texts in one order: what both begin and end with, and between these a longest common
   *  subsequence (where the tables for it would be larger than 30 million cells, nothing). */
  llmx.align = (a, b) => {
    /** @type {Interval[]} */
    const pairs = [];
    let first = 0;
    while (first < a.length && first < b.length && a[first] === b[first]) pairs.push([first, first++]);
    let [m, n] = [a.length, b.length];
    /** @type {Interval[]} */
    const tail = [];
    while (m > first && n > first && a[m - 1] === b[n - 1]) tail.push([--m, --n]);
    const [rows, columns] = [m - first, n - first];
    if (rows > 0 && columns > 0 && rows * columns <= 3e7) {
      const width = columns + 1;
      const best = new Uint16Array((rows + 1) * width);
      for (let i = rows - 1; i >= 0; --i) {
        for (let j = columns - 1; j >= 0; --j) {
          best[i * width + j] = a[first + i] === b[first + j] ? best[(i + 1) * width + j + 1] + 1 : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
        }
      }
      for (let i = 0, j = 0; i < rows && j < columns;) {
        if (a[first + i] === b[first + j]) pairs.push([first + i++, first + j++]);
        else if (best[(i + 1) * width + j] >= best[i * width + j + 1]) ++i;
        else ++j;
      }
    }
    return pairs.concat(tail.reverse());
  };

  const meanRanks = (values) => {
    const order = Array.from(values, (_, i) => i).sort((x, y) => values[x] - values[y]);
    const ranks = new Float64Array(values.length);
    for (let i = 0; i < order.length;) {
      let end = i + 1;
      while (end < order.length && values[order[end]] === values[order[i]]) ++end;
      for (let k = i; k < end; ++k) ranks[order[k]] = (i + end - 1) / 2;
      i = end;
    }
    return ranks;
  };

  /** Spearman's ρ; null where one list is constant. */
  llmx.spearman = (x, y) => {
    const [a, b] = [meanRanks(x), meanRanks(y)];
    const mean = (a.length - 1) / 2;
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = 0; i < a.length; ++i) {
      ab += (a[i] - mean) * (b[i] - mean);
      aa += (a[i] - mean) ** 2;
      bb += (b[i] - mean) ** 2;
    }
    return aa === 0 || bb === 0 ? null : ab / Math.sqrt(aa * bb);
  };

  /** How many of the `top` units of largest size are the same. */
  llmx.overlap = (x, y, top) => {
    const best = (v) => Array.from(v, (_, i) => i).sort((i, j) => Math.abs(v[j]) - Math.abs(v[i])).slice(0, top);
    const other = new Set(best(y));
    return best(x).filter((i) => other.has(i)).length;
  };
})();
