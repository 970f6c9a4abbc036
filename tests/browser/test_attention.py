"""The views of attention, neurons and the logit lens, against the numbers of the result that they show."""

import base64
import json
import os
import pathlib
import struct
import unittest

from browser import BrowserTest, llmx
from selenium.webdriver.common.keys import Keys

GOLDEN = pathlib.Path(os.environ["LLMX_SOURCE_DIR"]) / "tests" / "data"
DECODER = ["--model", GOLDEN / "llama-tiny.gguf", "--prompt-ids", "1,5,9,13,17,21,25", "--answer-ids", "29,33,37,41"]
VIEWS = ("heads", "model", "depth", "neuron", "lens")


def floats(text):
    data = base64.b64decode(text)
    return struct.unpack(f"<{len(data) // 4}f", data)


def weights(part, block, head):
    """{query: [weights]} of one head (None: the mean), unpacked as docs/definitions.md section 8 says."""
    rows = {}
    for entry in part["maps"]:
        if entry["block"] != block or entry["head"] != head:
            continue
        steps, values, packed, at = floats(entry["steps"]), [], base64.b64decode(entry["weights"]), 0
        while at < len(packed):
            if packed[at]:
                values.append(packed[at])
            else:
                at += 1
                values += [0] * packed[at]
            at += 1
        for r in range(entry["rows"]):
            rows[entry["first_row"] + r] = [v * steps[r] for v in values[r * part["keys"] : (r + 1) * part["keys"]]]
    return rows


def number(text):
    """A number as the page writes it."""
    return float(text.replace("\u2212", "-").replace(" %", ""))


class AttentionTest(BrowserTest):
    @classmethod
    def explained(cls, *arguments):
        """An explanation and its page, both written by the program."""
        stem = cls.directory / f"explained-{len(list(cls.directory.iterdir()))}"
        llmx("explain", *arguments, "--quiet", "--json", f"{stem}.json", "--html", f"{stem}.html")
        return json.loads(pathlib.Path(f"{stem}.json").read_text()), f"{stem}.html"

    def focus(self, element):
        self.js("arguments[0].scrollIntoView({block: 'center'}); arguments[0].focus({focusVisible: true})", element)
        self.settle()

    def assert_close(self, text, value):
        """`text` is `value` with three digits, a percentage where it says so."""
        scale = 100 if text.endswith("%") else 1
        self.assertAlmostEqual(number(text) / scale, value, delta=0.006 * abs(value) + 1e-9)


class Decoder(AttentionTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.result, cls.file = cls.explained(*DECODER, "--logit-lens", "3")
        cls.part = cls.result["views"]["attention"][0]
        cls.heads = range(cls.part["heads"][0])

    # Heads

    def lines(self):
        self.settle()
        return sum(int(path.get_attribute("data-lines")) for path in self.all(".head-lines path"))

    def expected(self, block, heads, least, queries=None, key=None):
        return sum(v >= least and (key is None or k == key) for head in heads
                   for q, row in weights(self.part, block, head).items() if queries is None or q in queries
                   for k, v in enumerate(row))

    def test_lines_are_the_weights_from_the_threshold_on(self):
        self.open(self.file, "heads")
        self.assertGreater(self.expected(0, self.heads, 0.1), 20)
        self.assertEqual(self.lines(), self.expected(0, self.heads, 0.1))
        self.choose("least", "0.3")
        self.assertEqual(self.lines(), self.expected(0, self.heads, 0.3))
        self.click(self.one("[data-head='1']"))
        fewer = [head for head in self.heads if head != 1]
        self.assertEqual(self.lines(), self.expected(0, fewer, 0.3))
        self.choose("block", "2")
        self.assertEqual(self.lines(), self.expected(2, fewer, 0.3))

    def test_a_query_has_its_own_lines_and_a_key_those_that_look_at_it(self):
        self.open(self.file, "heads")
        query = self.one(".queries [data-token='8']")
        self.point(query)
        self.assertEqual(self.lines(), self.expected(0, self.heads, 0.1, {8}))
        self.assertIn("attends to", self.one(".says").text)
        self.click(query)
        self.point(self.one("h1"))
        self.assertEqual(self.lines(), self.expected(0, self.heads, 0.1, {8}))
        self.assertEqual(query.get_attribute("aria-selected"), "true")
        self.click(query)
        self.click(self.one(".keys [data-token='0']"))
        self.point(self.one("h1"))
        self.assertEqual(self.lines(), self.expected(0, self.heads, 0.1, key=0))

    def test_heads_by_keyboard(self):
        self.open(self.file, "heads")
        self.focus(self.one(".queries [data-token='0']"))
        self.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
        self.assertEqual(self.one(".queries [aria-selected=true]").get_attribute("data-token"), "2")
        self.assertEqual(self.lines(), self.expected(0, self.heads, 0.1, {2}))
        self.keys(Keys.ESCAPE)
        self.assertEqual(self.all(".queries [aria-selected=true]"), [])

    # All heads

    def test_every_head_has_a_thumbnail_and_enlarges(self):
        self.open(self.file, "model")
        self.assertEqual(len(self.all(".thumb")), len(self.part["heads"]) + sum(self.part["heads"]))
        self.click(self.one(".thumb[data-block='1'][data-head='2']"))
        self.assertIn("Layer 1, head 2", self.one(".enlarged figcaption").text)
        heat = self.one("[data-heat=enlarged]")
        q, k = 9, 4
        x = (k + 0.5) / self.part["keys"] - 0.5
        y = (q + 0.5) / self.part["rows"] - 0.5
        self.actions().move_to_element_with_offset(heat, round(x * heat.size["width"]), round(y * heat.size["height"])).perform()
        self.assert_close(self.tooltip()[""].split(" of ")[0], weights(self.part, 1, 2)[q][k])

    def test_all_heads_by_keyboard(self):
        self.open(self.file, "model")
        self.focus(self.all(".thumb")[0])
        self.keys(Keys.ARROW_RIGHT, Keys.ENTER)
        self.assertIn("Layer 0, head 0", self.one(".enlarged figcaption").text)
        self.focus(self.one("[data-heat=enlarged]"))
        self.keys(Keys.END, Keys.PAGE_DOWN)
        rows = weights(self.part, 0, 0)
        self.assert_close(self.tooltip()[""].split(" of ")[0], rows[max(rows)][-1])
        self.keys(Keys.TAB)
        self.assertIsNone(self.tooltip())

    # Words by layer

    def words(self):
        return self.js("""const {result} = JSON.parse(document.getElementById("data").textContent).results[0];
            const prompt = llmx.prompt(llmx.unpack(result));
            return llmx.groups(prompt, "word").map((g) => g.tokens);""")

    def test_cells_are_the_attention_to_the_word(self):
        self.open(self.file, "depth")
        self.choose("word", "3")
        tokens = self.words()[3]
        self.focus(self.one("[data-heat=word-1]"))
        self.keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
        row = weights(self.part, self.part["blocks"][1], None)[self.part["answer_row"] + 1]
        self.assert_close(self.tooltip()[""], sum(row[k] for k in tokens))
        self.assertEqual(self.tooltip()["layer"], str(self.part["blocks"][1]))
        self.click(self.one(".heads [data-head='2']"))
        self.click(self.one(".heads [data-head='-1']"))
        self.assertIn("head 2", self.one(".says").text)
        self.focus(self.one("[data-heat=word-1]"))
        self.keys(Keys.HOME)
        row = weights(self.part, 0, 2)[self.part["answer_row"]]
        self.assert_close(self.tooltip()[""], sum(row[k] for k in tokens))

    def test_two_words_overlap(self):
        self.open(self.file, "depth")
        self.choose("word", "2")
        self.choose("other", "2")
        self.assertIn("Overlap 100 %", self.one(".overlap").text)
        self.choose("other", "4")
        tokens = self.words()
        rows = [weights(self.part, block, None)[q] for block in self.part["blocks"]
                for q in range(self.part["answer_row"], self.part["rows"])]

        def overlap(some):
            pairs = [[sum(row[k] for k in tokens[word]) for word in (2, 4)] for row in some]
            return sum(map(min, pairs)) / sum(map(max, pairs))

        shown = self.one(".overlap strong").text.removeprefix("Overlap ")
        self.assert_close(shown, overlap(rows))
        self.click(self.one("[data-layer='0']"))
        self.assertEqual(self.js("return document.activeElement.dataset.layer"), "0")  # the next key finds it there
        per_layer = self.part["rows"] - self.part["answer_row"]
        self.assert_close(self.one(".overlap strong").text.removeprefix("Overlap "), overlap(rows[per_layer:]))
        self.assertIn(f"mean over {len(self.part['blocks']) - 1} layers", self.all(".depth-answer")[0].text)

    def test_the_picture_and_the_numbers_of_a_word_are_saved(self):
        self.open(self.file, "depth")
        self.export("png")
        self.assertEqual(self.downloaded("depth.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.export("svg")
        self.assertIn("<image", self.downloaded("depth.svg").read_text())
        self.export("csv")
        lines = self.downloaded("words-across-depth.csv").read_text().splitlines()
        self.assertEqual(len(lines), 1 + len(self.part["blocks"]) * (self.part["rows"] - self.part["answer_row"]))

    # Neurons

    def test_the_softmax_of_queries_and_keys_is_the_recorded_weight(self):
        self.open(self.file, "neuron")
        group = self.result["views"]["neuron"][0]
        q = group["first_row"] + 1
        self.choose("query", str(q))
        recorded = weights(self.part, group["block"], group["heads"][0])[q]
        shown = [line.find_elements("css selector", ".num")[2].text for line in self.all(".neuron-row")]
        first, last = group["visible"][1]
        self.assertEqual(len(shown), last - first)
        for k, text in enumerate(shown):
            self.assertAlmostEqual(number(text) / 100, recorded[first + k], delta=max(recorded) / 255)

    def test_the_steps_of_a_pair_by_keyboard(self):
        self.open(self.file, "neuron")
        group = self.result["views"]["neuron"][0]
        queries, keys = floats(group["queries"]), floats(group["keys"])
        self.focus(self.one(".neuron-row[tabindex='0']"))
        self.keys(Keys.HOME)
        self.assertEqual(self.one(".neuron-row[aria-selected=true]").get_attribute("data-key"), "0")
        dot = sum(a * b for a, b in zip(queries[:group["size"]], keys[:group["size"]]))
        steps = [row.find_element("css selector", "td").text for row in self.all(".steps tr")]
        self.assert_close(steps[0], dot)
        self.assert_close(steps[1], dot * group["scale"])
        self.assert_close(steps[-2], dot * group["scale"])

    # Logit lens

    def test_cells_and_tooltips_of_the_lens(self):
        self.open(self.file, "lens")
        lens, answer = self.result["views"]["logit_lens"], self.result["Decode_output"]
        self.assertEqual(len(self.all(".lens-cell")), len(lens["blocks"]) * len(answer))
        b, t = 1, 2
        self.point(self.one(f".lens-cell[data-layer='{lens['blocks'][b]}'][data-token='{t}']"))
        rows = self.js("return [...document.querySelectorAll('#tooltip td')].map((td) => td.textContent)")
        self.assertEqual(len(rows), lens["top"] + 1)
        for text, p in zip(rows, lens["probabilities"][b][t]):
            self.assert_close(text, p)
        self.assertIn(f"rank {lens['answer_ranks'][b][t]}", rows[-1])
        framed = {(cell.get_attribute("data-layer"), cell.get_attribute("data-token")) for cell in self.all(".lens-cell.written")}
        self.assertEqual(framed, {(str(block), str(t)) for b, block in enumerate(lens["blocks"])
                                  for t in range(len(answer)) if lens["answer_ranks"][b][t] == 1})

    def test_lens_by_keyboard(self):
        self.open(self.file, "lens")
        lens = self.result["views"]["logit_lens"]
        self.focus(self.all(".lens-cell")[0])
        self.keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
        self.assertIn(f"After layer {lens['blocks'][-2]}", self.tooltip()[""])
        self.choose("cell", "own")
        self.assertIn(f"· {lens['answer_ranks'][-1][0]}", self.all(".lens-cell")[0].text)

    # All of them

    def test_accessible_in_light_and_dark(self):
        for theme in ("light", "dark"):
            for view in VIEWS:
                with self.subTest(view=view, theme=theme):
                    self.open(self.file, view, theme)
                    if view == "model":
                        self.click(self.all(".thumb")[0])
                    self.assert_accessible(f"{view}, {theme}")
                    self.picture(f"attention-{view}-{theme}")

    def test_a_theme_keeps_what_was_chosen(self):
        self.open(self.file, "heads")
        self.choose("block", "2")
        self.choose("theme", "dark")
        self.assertIn("Layer 2", self.one(".says").text)

    def test_what_was_left_out_is_said(self):
        result, file = self.explained(*DECODER, "--view-budget", "3000")
        self.open(file, "heads")
        self.click(self.one(".left-out summary"))
        for line in result["views"]["left_out"]:
            if "attention" in line:
                self.assertIn(line, self.one(".left-out").text)


class OtherModels(AttentionTest):
    def test_an_encoder_decoder_has_three_kinds_of_attention(self):
        result, file = self.explained("--model", GOLDEN / "t5-tiny.gguf", "--task", "translation", "--prompt-ids", "5,9,13,17,1",
                                      "--answer-ids", "29,33,37", "--logit-lens")
        for view in ("heads", "model", "depth", "neuron"):
            with self.subTest(view=view):
                self.open(file, view)
                for kind in ("encoder", "self", "cross", "encoder"):
                    self.choose("kind", kind)
        # with T5's bias of distances the weights are the recorded ones
        group = next(g for g in result["views"]["neuron"] if g["kind"] == "encoder")
        self.assertIn("bias", group)
        part = next(p for p in result["views"]["attention"] if p["kind"] == "encoder")
        recorded = weights(part, group["block"], group["heads"][0])[0]
        shown = [line.find_elements("css selector", ".num")[2].text for line in self.all(".neuron-row")]
        self.assertEqual(len(shown), len(recorded))
        for k, text in enumerate(shown):
            self.assertAlmostEqual(number(text) / 100, recorded[k], delta=max(recorded) / 255)
        self.open(file, "lens")
        self.assertEqual(len(self.all(".lens-cell")), 3 * len(result["views"]["logit_lens"]["blocks"]))

    def test_an_encoder(self):
        result, file = self.explained("--model", GOLDEN / "bertqa-tiny", "--question", "Who?", "--context", "Ada came at noon.")
        for view in ("heads", "model", "depth", "neuron"):
            with self.subTest(view=view):
                self.open(file, view)
                self.assertNotEqual(self.one(".view").text, "")
        self.assertEqual(len(self.all(".neuron-row")), len(result["Prompt"]))
        self.assertEqual(self.all("#tab-lens"), [])

    def test_hostile_tokens_are_text(self):
        result, _ = self.explained(*DECODER, "--logit-lens", "2")
        hostile = "</script><img src=x onerror=alert(1)>\u202e\u200b"
        result["Prompt"] = [hostile] * len(result["Prompt"])
        result["Decode_output"] = [hostile] * len(result["Decode_output"])
        result["views"]["logit_lens"]["text"] = dict.fromkeys(result["views"]["logit_lens"]["text"], hostile)
        result["views"]["left_out"] = [f"self attention: {hostile}"]
        file = self.page(result)
        for view in VIEWS:
            with self.subTest(view=view):
                self.open(file, view)
                for summary in self.all(".left-out summary"):
                    self.click(summary)
                self.assertIn("</script>", self.one(".view").text)
                self.assertEqual(self.all(".view img"), [])


if __name__ == "__main__":
    unittest.main()
