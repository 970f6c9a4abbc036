"""Why: it opens first; sentences have the numbers of their passages; pointing lights both ways, by pointer, finger and
keys; what it says is what the result holds."""

import csv
import unittest

import results
from browser import BrowserTest
from selenium.webdriver.common.keys import Keys

HOSTILE = "<img src=x onerror='window.hacked = 1'>\u202e" + "x" * 3000
UNGROUNDED = "rests on no passage: from the model itself"


def passage(text, role, part, title="", lines=(1, 1)):
    return {"text": text, "role": role, "part": part, "title": title, "lines": list(lines), "tokens": [0, 1]}


def source(index, strength, without, p_value=None, substitute=False):
    found = {"passage": index, "strength": strength, "probability_without": without, "substitute": substitute}
    return found if p_value is None else {**found, "p_value": p_value}


def sentence(text, tokens, sources, probability=0.8, alone=0.125):
    return {"text": text, "tokens": list(tokens), "logprob": -1.0, "probability": probability, "probability_alone": alone,
            "grounded": bool(sources), "sources": sources, "others": 3}


def reasons():
    """Two documents that both know when the shop opens on Saturdays, and a sentence that neither knows of."""
    passages = [passage("On weekdays from seven.", "document", 1, "hours.txt"),
                passage("On Saturdays from eight.", "document", 1, "hours.txt", (2, 2)),
                passage("Rye bread costs four euros.", "document", 2, "prices.txt"),
                passage("Rolls cost forty cents.\nCakes are ordered.", "document", 2, "prices.txt", (2, 3)),
                passage("On Saturdays from eight.", "document", 2, "prices.txt", (4, 4))]
    sentences = [sentence("From eight.", (0, 2), [source(1, 6.25, 0.05, 0.012, True), source(4, 6.0, 0.0625, 0.02, True)]),
                 sentence(" Bread costs four.", (2, 4), [source(2, 9.5, 0.1, 0.0001), source(1, 1.5, 0.4)], 0.5),
                 sentence(" Bread is loved.", (4, 5), [], 0.25, 0.3)]
    strengths = [[0.5, 6.25, -0.25, 0.0, 6.0], [0.25, 1.5, 9.5, 0.125, 0.0], [0.0] * 5]
    asked = [passage("You are brief.", "system", 1), passage("When is the shop open?", "user", 1)]
    return {"sentences": sentences, "passages": passages, "asked": asked, "strengths": strengths, "substitutes": [1, 4],
            "absence": "deletion", "runs": 12, "passes": 5.5}


class Why(BrowserTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.result = results.result(attributions=[], why=reasons())
        cls.report = cls().page(cls.result)

    def setUp(self):
        super().setUp()
        self.open(self.report)

    def sentence(self, s):
        return self.one(f"[data-sentence='{s}']")

    def passage(self, p):
        return self.one(f"[data-passage='{p}']")

    def lit(self, side):
        return self.js(f"return [...document.querySelectorAll('[data-{side}].lit')].map(e => Number(e.dataset.{side}))")

    def facts(self, p):
        return self.passage(p).find_element("css selector", ".shown").text

    def views(self):
        return self.js("return [...document.querySelectorAll('[role=tab]')].map(t => t.dataset.view)")

    def leave(self):
        self.point(self.one("h1"))

    def test_it_is_the_only_view_of_a_result_with_nothing_else(self):
        self.assertEqual(self.views(), ["why"])
        self.assertEqual(self.one("#panel").get_attribute("data-view"), "why")
        self.assertFalse(self.one(".worth").is_displayed())
        self.assertIn("5 passages, 12 texts run, 5.5 passes", self.one(".why-cost").text)

    def test_it_is_the_first_of_several(self):
        both = results.result(why=reasons())
        self.open(self.page(both))
        self.assertEqual(self.views(), ["why", "text", "matrix"])
        self.assertEqual(self.one("#panel").get_attribute("data-view"), "why")
        self.one("#tab-text").click()
        self.assertEqual(len(self.all("[data-unit]")), 11)

    def test_a_report_opens_on_what_its_first_result_has(self):
        self.open(self.page(results.result(), results.result(why=reasons())))
        self.assertEqual(self.views()[0], "why")
        self.assertEqual(self.one("#panel").get_attribute("data-view"), "compare")
        self.one("#tab-why").click()
        self.choose("which", "1")
        self.assertEqual(len(self.all("[data-sentence]")), 3)

    def test_footnotes_are_numbered_as_sentences_name_them(self):
        def notes(css):
            return self.js("return [...document.querySelectorAll(arguments[0])].map(e => [...e.querySelectorAll('.why-note')].map(n => n.textContent).join(''))", css)
        self.assertEqual(notes("[data-sentence]"), ["[1][2]", "[3][1]", ""])
        self.assertEqual(notes("[data-passage]"), ["", "[1]", "[3]", "", "[2]"])
        self.assertIn(UNGROUNDED, self.sentence(2).text)
        self.assertNotIn(UNGROUNDED, self.sentence(1).text)

    def test_passages_stand_under_their_document_and_what_asks_apart(self):
        self.assertEqual([e.text for e in self.all(".why h3")], ["Document 1: hours.txt", "Document 2: prices.txt"])
        self.assertEqual(self.passage(3).text, "Rolls cost forty cents.\nCakes are ordered.")
        asked = self.one(".why-asked").text
        self.assertEqual(asked.split("\n"), ["Question and instructions", "System message: You are brief.", "User's message: When is the shop open?"])
        self.click(self.all(".turn summary")[0])
        self.assertFalse(self.passage(0).is_displayed())
        self.js("document.querySelector('[data-passage=\"2\"]').focus()")
        self.keys(Keys.ARROW_LEFT)  # nothing before it is shown
        self.assertEqual(self.js("return document.activeElement.dataset.passage"), "2")

    def test_pointing_at_a_sentence_lights_its_passages(self):
        self.assertEqual(self.lit("passage"), [1, 2, 4])
        self.assertEqual(self.facts(1), "2 sentences rest on this, with up to 6.25 nats")
        self.point(self.sentence(0))
        self.assertEqual(self.lit("passage"), [1, 4])
        self.assertEqual(self.facts(4), "6 nats · without it and those that say the same 6.25 % instead of 80 % a token · p = 0.02 · said elsewhere too")
        self.assertTrue(self.facts(1).startswith("“From eight.”: 6.25 nats"), self.facts(1))
        self.assertIn("rests on 2 passages. Without any passage, the probability of a token is 12.5 % instead of 80 %.", self.one(".says").text)
        self.point(self.sentence(1))
        self.assertEqual(self.lit("passage"), [1, 2])
        self.assertEqual(self.facts(2), "9.5 nats · without it 10 % instead of 50 % a token · p < 0.001")
        self.assertTrue(self.facts(1).endswith("without it 40 % instead of 50 % a token"), self.facts(1))
        self.leave()
        self.assertEqual(self.lit("passage"), [1, 2, 4])

    def test_pointing_at_a_passage_lights_its_sentences(self):
        self.assertEqual(self.lit("sentence"), [])
        for index, sentences, says in ((1, [0, 1], "2 sentences rest on this passage."), (4, [0], "1 sentence rests on this passage."),
                                       (3, [], "No sentence of the answer rests on this passage.")):
            self.point(self.passage(index))
            self.assertEqual(self.lit("sentence"), sentences)
            self.assertEqual(self.one(".says").text, says)
        self.leave()
        self.assertEqual(self.lit("sentence"), [])

    def test_stronger_is_darker(self):
        def red_over_blue(p):
            r, _, b = map(int, self.colours(f"[data-passage='{p}']")[0][4:-1].split(","))
            return r - b
        self.point(self.sentence(1))
        self.assertGreater(red_over_blue(2), red_over_blue(1) + 20)

    def test_a_sentence_without_passages(self):
        self.point(self.sentence(2))
        self.assertEqual(self.lit("passage"), [])
        self.assertIn(f"This sentence {UNGROUNDED}. Without any passage, the probability of a token is 30 % instead of 25 %.", self.one(".says").text)
        self.click(self.sentence(2))
        self.assertEqual(self.sentence(2).get_attribute("aria-selected"), "true")

    def test_a_click_pins_and_a_second_one_or_escape_releases(self):
        self.click(self.sentence(0))
        self.leave()
        self.assertEqual(self.lit("passage"), [1, 4])
        self.assertEqual(self.sentence(0).get_attribute("aria-selected"), "true")
        self.assertIn("Press Escape to unpin.", self.one(".says").text)
        self.assertIn("Passage 2: 6 nats", self.one("[aria-live]").get_attribute("textContent"))
        self.point(self.sentence(1))
        self.assertEqual(self.lit("passage"), [1, 2])  # pointing goes before the pin
        self.click(self.passage(2))
        self.leave()
        self.assertEqual((self.lit("sentence"), self.passage(2).get_attribute("aria-pressed")), ([1], "true"))
        self.assertEqual(self.sentence(0).get_attribute("aria-selected"), "false")
        self.click(self.passage(2))
        self.leave()
        self.assertEqual(self.lit("sentence"), [])
        self.click(self.sentence(1))
        self.keys(Keys.ESCAPE)
        self.leave()
        self.assertEqual(self.lit("passage"), [1, 2, 4])

    def test_a_pin_stays_while_other_views_and_themes_are_shown(self):
        self.open(self.page(results.result(why=reasons())))
        self.click(self.sentence(0))
        self.one("#tab-text").click()
        self.one("#tab-why").click()
        self.choose("theme", "dark")
        self.leave()
        self.assertEqual(self.lit("passage"), [1, 4])

    def test_keys_do_what_the_pointer_does(self):
        self.js("document.querySelector('[data-sentence=\"0\"]').focus()")
        self.keys(Keys.ARROW_DOWN)
        self.assertEqual(self.lit("passage"), [1, 2])
        self.keys(Keys.ENTER, Keys.HOME)
        self.assertEqual(self.lit("passage"), [1, 4])
        self.assertEqual(self.sentence(1).get_attribute("aria-selected"), "true")
        self.keys(Keys.TAB)
        self.assertEqual(self.js("return document.activeElement.tagName"), "SUMMARY")
        self.keys(Keys.TAB)
        self.assertEqual(self.js("return document.activeElement.dataset.passage"), "0")
        self.keys(Keys.ARROW_RIGHT)
        self.assertEqual(self.lit("sentence"), [0, 1])
        self.keys(Keys.END)
        self.assertEqual(self.lit("sentence"), [0])
        self.keys(" ")
        self.assertEqual(self.passage(4).get_attribute("aria-pressed"), "true")
        self.keys(Keys.ESCAPE)
        self.assertEqual(self.passage(4).get_attribute("aria-pressed"), "false")

    def test_labels_say_what_lights_say(self):
        self.assertEqual(self.sentence(1).get_attribute("aria-label"), "Bread costs four. Rests on passages 3, 1.")
        self.assertIn(UNGROUNDED, self.sentence(2).get_attribute("aria-label"))
        label = self.passage(4).get_attribute("aria-label")
        self.assertTrue(label.startswith("Passage 2: On Saturdays from eight. Document 2: prices.txt, line 4. “From eight.” rests on it: 6 nats"), label)
        self.assertIn("lines 2 to 3. No sentence rests on it.", self.passage(3).get_attribute("aria-label"))

    def test_axe_has_nothing_serious_to_say(self):
        for theme in ("light", "dark"):
            self.open(self.report, theme=theme)
            self.assert_accessible(theme)
            for chosen in ("[data-sentence='1']", "[data-passage='1']"):
                self.click(self.one(chosen))
                self.assert_accessible(f"{theme}, {chosen}")

    def test_on_a_desk_beside_each_other_on_a_phone_under_each_other(self):
        def place(css):
            return self.js("const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]", css)
        for theme in ("light", "dark"):
            for width, height, device in ((1280, 1000, "desk"), (390, 800, "phone")):
                self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": device == "phone"})
                self.open(self.report, theme=theme)
                self.assertLessEqual(self.js("return document.documentElement.scrollWidth"), width)
                answer, prompt = place(".why-answer"), place(".why-prompt")
                if device == "desk":
                    self.assertLess(answer[2], prompt[0])
                else:
                    self.assertLessEqual(answer[3], prompt[1])
                self.picture(f"why-{theme}-{device}")
                self.click(self.sentence(1))
                self.leave()
                self.picture(f"why-{theme}-{device}-pinned")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def test_a_click_brings_the_passage_into_sight_and_what_the_pointer_is_over_then_does_not_count(self):
        many = reasons()
        many["passages"][0]["text"] = "On weekdays from seven.\n" * 80
        many["sentences"] += [sentence(f" Sentence {i}.", (4, 5), []) for i in range(20)]
        many["strengths"] += [[0.0] * 5] * 20
        self.open(self.page(results.result(attributions=[], why=many)))
        self.click(self.sentence(0))
        self.until(lambda: self.js("return scrollY") > 0)
        self.settle()
        self.assertEqual(self.lit("passage"), [1, 4])
        self.assertLessEqual(self.js("return document.querySelector('[data-passage=\"1\"]').getBoundingClientRect().bottom - innerHeight"), 0)
        self.picture("why-long")

    def test_a_tap_pins_and_brings_the_passage_into_sight(self):
        many = reasons()
        many["passages"][0]["text"] = "On weekdays from seven.\n" * 80
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True})
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
        self.open(self.page(results.result(attributions=[], why=many)))
        self.tap(self.sentence(0))
        self.assertEqual(self.lit("passage"), [1, 4])
        place = "const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.top, r.bottom]"
        self.until(lambda: self.js(place, "[data-passage='1']")[1] <= 800)
        self.assertGreaterEqual(self.js(place, "[data-passage='1']")[0], self.js(place, ".why-answer")[1])
        self.assertTrue(0 <= self.js(place, "[data-sentence='0']")[0] < 320)  # the answer stays in sight
        self.tap(self.sentence(0))
        self.assertEqual(self.lit("passage"), [1, 2, 4])
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def tap(self, element):
        x, y = self.js("const r = arguments[0].getBoundingClientRect(); return [r.left + 20, r.top + 12]", element)
        for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
            self.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        self.settle()

    def test_hostile_text_is_text(self):
        hostile = reasons()
        for one in [*hostile["passages"], *hostile["asked"], *hostile["sentences"]]:
            one["text"] = HOSTILE
        for one in hostile["passages"]:
            one["title"] = HOSTILE
        self.open(self.page(results.result(attributions=[], why=hostile)))
        self.click(self.sentence(1))
        self.assertIsNone(self.js("return window.hacked ?? null"))
        self.assertEqual(self.js("return document.querySelectorAll('main img').length"), 0)
        self.assertIn("U+202E", self.passage(0).text)
        self.assertLessEqual(self.js("return document.documentElement.scrollWidth - innerWidth"), 0)

    def test_exports(self):
        self.export("csv")
        with self.downloaded("why.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.downloads.joinpath("why.csv").unlink()
        strengths = self.result["why"]["strengths"]
        self.assertEqual([float(r["strength"]) for r in rows], [v for row in strengths for v in row])
        named = {(int(r["sentence"]), int(r["passage"])): (r["footnote"], r["p_value"], r["substitute"]) for r in rows if r["footnote"]}
        self.assertEqual(named, {(0, 1): ("1", "0.012", "1"), (0, 4): ("2", "0.02", "1"), (1, 2): ("3", "0.0001", "0"), (1, 1): ("1", "", "0")})
        self.export("png")
        self.assertEqual(self.downloaded("why.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_printing_shows_every_number(self):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        facts = [e.text for e in self.passage(1).find_elements("css selector", "li") if e.is_displayed()]
        self.assertEqual(len(facts), 2, facts)
        self.assertTrue(self.passage(0).is_displayed())
        self.picture("why-print")
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


if __name__ == "__main__":
    unittest.main()
