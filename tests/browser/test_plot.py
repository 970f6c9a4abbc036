"""Pictures of `llmx plot`: what the browser makes of the SVG, and the PNG."""

import json
import struct
import unittest
import xml.etree.ElementTree as ElementTree

import results
from browser import PICTURES, BrowserTest, llmx


class Plot(BrowserTest):
    def plots(self, result, kind, *more):
        source = self.directory / f"{kind}.json"
        source.write_text(json.dumps(result))
        out = PICTURES / f"plot-{kind}.svg"
        llmx("plot", source, "--kind", kind, "-o", out, *more)
        llmx("plot", source, "--kind", kind, "-o", out.with_suffix(".png"), *more)
        return out

    def test_every_kind(self):
        prompt = results.WORDS + ["</text>", " 日本語", " \U0001f600", " e\u0301", "\u202e"] + [f" word{i}" for i in range(60)]
        result = results.with_original(results.result(prompt, attributions=[results.attribution(prompt, results.ANSWER, faithfulness=results.faithfulness())]))
        for kind in ("text", "matrix", "curve"):
            svg = self.plots(result, kind)
            root = ElementTree.parse(svg).getroot()
            width, height = float(root.get("width")), float(root.get("height"))
            bytes_ = svg.with_suffix(".png").read_bytes()
            self.assertEqual(bytes_[:8], b"\x89PNG\r\n\x1a\n")
            self.assertEqual(struct.unpack(">II", bytes_[16:24]), (round(2 * width), round(2 * height)))
            self.driver.get(f"file://{svg}")
            boxes = self.js("return [...document.querySelectorAll('text')].map(t => { const b = t.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom, t.textContent]; })")
            self.assertGreater(len(boxes), 5)
            for left, top, right, bottom, text in boxes:
                self.assertTrue(left >= 0 and top >= 0 and right <= width + 1 and bottom <= height + 1, f"{kind}: {text} leaves the picture")
            if kind == "text":
                self.assertIn("</text>", [b[4] for b in boxes])


if __name__ == "__main__":
    unittest.main()
