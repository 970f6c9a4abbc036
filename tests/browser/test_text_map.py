"""The text map: hover, click, drag, keys, switches; what a tooltip says is what the result holds."""

import unittest

import results
from browser import BrowserTest
from selenium.webdriver.common.keys import Keys


def shown(value):
    """As the page writes numbers: three significant digits."""
    if value == 0:
        return "0"
    text = f"{float(f'{value:.3g}'):g}"
    return text.replace("-", "\u2212")


class TextMap(BrowserTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        prompt, answer = results.WORDS, results.ANSWER
        cls.signed = results.attribution(prompt, answer, completeness=results.completeness(5, 0.01), faithfulness=results.faithfulness())
        cls.whole = results.attribution(prompt, answer, "saliency", signed=False, per_token=False, seed=3, completeness=results.completeness(1, 1.5))
        cls.result = results.with_original(results.result(attributions=[cls.signed, cls.whole, results.alternatives(prompt, answer)]))
        cls.report = cls().page(cls.result)

    def setUp(self):
        super().setUp()
        self.open(self.report)

    def token(self, t):
        return self.one(f"[data-token='{t}']")

    def unit(self, u):
        return self.one(f"[data-unit='{u}']")

    def score(self, u):
        self.point(self.one("h1"))
        self.point(self.unit(u))
        return self.tooltip()["score"]

    def test_without_a_choice_the_rows_are_summed(self):
        rows = self.signed["scores"]
        for u in (0, 3, 10):
            self.assertEqual(self.score(u), shown(sum(row[u] for row in rows)))
        self.assertIn("5 rows summed", self.one(".says").text)

    def test_pointing_colours_by_the_own_row_and_leaving_ends_it(self):
        before = self.colours()
        self.point(self.token(2))
        self.assertNotEqual(self.colours(), before)
        self.assertIn("What “ to” depends on", self.one(".says").text)
        self.point(self.one("h1"))
        self.assertEqual(self.colours(), before)

    def test_a_click_pins_and_a_second_one_or_escape_releases(self):
        before = self.colours()
        self.click(self.token(2))
        for u in range(4):
            self.assertEqual(self.score(u), shown(self.signed["scores"][2][u]))
        self.assertEqual(self.token(2).get_attribute("aria-selected"), "true")
        self.click(self.token(2))
        self.point(self.one("h1"))
        self.assertEqual(self.colours(), before)
        self.click(self.token(1))
        self.keys(Keys.ESCAPE)
        self.point(self.one("h1"))

    def test_dragging_takes_a_span(self):
        for first, last in ((1, 3), (4, 2)):
            self.actions().move_to_element(self.token(first)).click_and_hold().move_to_element(self.token(last)).release().perform()
            low, high = min(first, last), max(first, last)
            self.assertEqual(self.score(5), shown(sum(self.signed["scores"][t][5] for t in range(low, high + 1))))
            chosen = [t for t in range(5) if self.token(t).get_attribute("aria-selected") == "true"]
            self.assertEqual(chosen, list(range(low, high + 1)))

    def test_keys_do_what_the_pointer_does(self):
        self.js("document.querySelector('[data-token=\"0\"]').focus()")
        self.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.assertIn("“ to”", self.one(".says").text)
        self.keys(Keys.ENTER)
        self.assertEqual(self.token(2).get_attribute("aria-selected"), "true")
        self.actions().key_down(Keys.SHIFT).send_keys(Keys.ARROW_RIGHT).key_up(Keys.SHIFT).perform()
        self.settle()
        self.assertIn("2 answer tokens (rows summed)", self.one(".says").text)
        self.keys(Keys.HOME, Keys.END)
        self.assertEqual(self.js("return document.activeElement.dataset.token"), "4")
        self.keys(Keys.ESCAPE)
        self.js("document.querySelector('[data-unit=\"0\"]').focus()")
        self.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.assertEqual(self.js("return document.activeElement.dataset.unit"), "2")
        self.assertEqual(self.tooltip()[""], "\u00a0brief")

    def test_the_tooltip_gives_rank_and_share(self):
        self.click(self.token(0))
        row = self.signed["scores"][0]
        order = sorted(range(len(row)), key=lambda i: -abs(row[i]))
        for u in (order[0], order[-1]):
            self.point(self.unit(u))
            tip = self.tooltip()
            self.assertEqual(tip["rank"], f"{order.index(u) + 1} of {len(row)}")
            self.assertEqual(tip["share"], shown(100 * abs(row[u]) / sum(map(abs, row))) + " %")

    def test_units_are_joined_without_recomputing(self):
        def texts():
            return [e.text for e in self.all("[data-unit]")]
        self.choose("unit", "sentence")
        self.assertEqual(len(texts()), 3)  # "You are brief.", the template's line end, "When ... open?"
        self.assertEqual(self.score(0), shown(sum(row[u] for row in self.signed["scores"] for u in range(4))))
        self.choose("aggregation", "mean")
        self.assertEqual(self.score(0), shown(sum(row[u] for row in self.signed["scores"] for u in range(4)) / 4))
        self.choose("unit", "turn")
        self.assertEqual(len(texts()), 3)
        self.choose("unit", "word")
        self.assertEqual(len(texts()), 11)

    def test_absolute_values(self):
        self.click(self.token(1))
        negative = next(u for u, v in enumerate(self.signed["scores"][1]) if v < 0)
        self.assertTrue(self.score(negative).startswith("\u2212"))
        self.choose("sign", "absolute")
        self.assertEqual(self.score(negative), shown(-self.signed["scores"][1][negative]))

    def test_contrast_changes_colours_not_numbers(self):
        before, number = self.colours(), self.score(4)
        self.choose("contrast", "0.8")
        self.assertNotEqual(self.colours(), before)
        self.assertEqual(self.score(4), number)

    def test_methods_switch(self):
        self.choose("map", "attribution-1")
        self.assertEqual(self.score(6), shown(self.whole["scores"][0][6]))
        self.assertEqual(self.all("[data-name=sign]"), [])
        self.choose("map", "attention-mean")
        self.click(self.token(3))
        self.assertEqual(self.score(6), shown(self.result["Attention"]["mean"][3][6]))
        self.choose("map", "gradient-saliency")
        self.assertEqual(self.score(2), shown(self.result["Gradient"]["saliency_map"][2]))

    def test_a_source_colours_the_answer(self):
        self.click(self.unit(4))
        self.assertEqual(self.unit(4).get_attribute("aria-pressed"), "true")
        colours = self.colours("[data-token]")
        self.assertGreaterEqual(len(set(colours)), 4, colours)
        column = [row[4] for row in self.signed["scores"]]
        top = max(range(5), key=lambda t: column[t])
        r, _, b = map(int, colours[top][4:-1].split(","))
        self.assertGreater(r, b)  # warm: for
        self.keys(Keys.ESCAPE)

    def test_turns_fold(self):
        roles = [e.text for e in self.all(".turn .role")]
        self.assertEqual(roles, ["System", "User"])
        self.click(self.all(".turn summary")[0])
        self.assertFalse(self.unit(1).is_displayed())

    def test_numbers_are_explained_in_words(self):
        text = self.one(".worth").text
        self.assertIn("Completeness", text)
        self.assertIn("off by 0.5 %", text)
        self.assertIn("better than random (0.3 ± 0.05, p = 0.01)", text)
        self.choose("map", "attribution-1")
        self.assertIn("too much to compare sizes", self.one(".worth").text)
        self.choose("map", "attention-mean")
        self.assertIn("was not measured", self.one(".worth").text)

    def test_alternatives_stand_under_their_token(self):
        self.click(self.token(1))
        buttons = self.all("[data-alternative]")
        self.assertEqual([b.text.split("\n")[-1] for b in buttons], ["60 %", "30 %", "15 %"])
        self.click(buttons[1])
        self.assertIn("Why “ other1” was a candidate here", self.one(".says").text)
        self.assertEqual(self.score(3), shown(self.result["attributions"][2]["scores"][4][3]))
        self.picture("alternatives")

    def test_alternatives_under_every_token(self):
        self.js("document.querySelector('[data-name=stacks]').click()")
        self.settle()
        stacks = self.js("return [...document.querySelectorAll('.stack')].map(s => s.textContent)")
        self.assertEqual(len(stacks), 5)
        self.assertEqual(stacks[1], "\u00a0eight60\u00a0other130\u00a0other215")
        self.click(self.token(2))
        self.assertEqual(self.score(5), shown(self.signed["scores"][2][5]))
        self.assert_accessible("alternatives under every token")
        self.picture("alternatives-under-every-token")

    def test_colours_are_uniform_steps_of_lightness(self):
        for theme in ("light", "dark"):
            steps = self.js("""document.documentElement.dataset.theme = arguments[0];
                const scale = llmx.scale({top: 1, signed: true});
                const lightness = css => {
                    const [r, g, b] = css.match(/\\d+/g).map(c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
                    return 0.2104542553 * Math.cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
                         + 0.793617785 * Math.cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
                         - 0.0040720468 * Math.cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b); };
                return [1, -1].map(sign => [0, 0.25, 0.5, 0.75, 1].map(t => lightness(scale.css(sign * t))));""", theme)
            for ramp in steps:
                self.assertAlmostEqual(ramp[0], steps[0][0], delta=0.005)
                differences = [b - a for a, b in zip(ramp, ramp[1:])]
                for d in differences:
                    self.assertAlmostEqual(d, sum(differences) / 4, delta=0.02, msg=f"{theme} {ramp}")

    def test_ink_is_readable_on_every_colour(self):
        worst = self.js("""const lum = css => { const [r, g, b] = css.match(/\\d+/g).map(c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126*r + 0.7152*g + 0.0722*b; };
            let worst = 99;
            for (const theme of ["light", "dark"]) { const scale = llmx.scale({top: 1, theme});
                for (let v = -1; v <= 1; v += 0.01) { const [a, b] = [lum(scale.css(v)), lum(scale.ink(v))].sort((x, y) => y - x); worst = Math.min(worst, (a + 0.05) / (b + 0.05)); } }
            return worst;""")
        self.assertGreaterEqual(worst, 4.5)


if __name__ == "__main__":
    unittest.main()
