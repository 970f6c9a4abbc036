"""The page as a whole: every view opens, nothing is asked of the network, hostile text is text, exports are what they
say, axe-core has nothing serious to say."""

import csv
import importlib.util
import json
import os
import pathlib
import unittest
import xml.etree.ElementTree as ElementTree

import results
from browser import BrowserTest

HOSTILE = ["</script><script>window.hacked = 1</script>", "\"'`<img src=x onerror='window.hacked=2'>", "\u202eright to left\u202c",
           "zero\u200bwidth\ufeff", "x" * 10000, "<!--", "\u0000\u001b[31m", "\U0001f468\u200d\U0001f469", "العربية", "${alert(1)}", "]]>"]


def chat():
    """A small chat with everything a report can show of it."""
    prompt, answer = results.WORDS, results.ANSWER
    entries = [results.attribution(prompt, answer, completeness=results.completeness(5, 0.01), faithfulness=results.faithfulness()),
               results.attribution(prompt, answer, "saliency", signed=False, per_token=False, seed=3), results.alternatives(prompt, answer)]
    return results.with_original(results.result(attributions=entries))


class Page(BrowserTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.result = chat()
        cls.report = cls().page(cls.result)
        other = results.with_original(results.result(prompt=["You", " are", " verbose", ".", "\n", "When", " is", " it", " open", "?"], answer=["From", " nine", "."],
                                                     messages=[{"role": "system", "content": "You are verbose."}, {"role": "user", "content": "When is it open?"}]))
        cls.comparison = cls().page(cls.result, other)

    def views(self):
        return self.js("return [...document.querySelectorAll('[role=tab]')].map(t => t.dataset.view)")

    def test_in_a_notebook(self):
        """As the Python package shows it: a frame that is nobody's origin."""
        where = pathlib.Path(os.environ["LLMX_SOURCE_DIR"]) / "python/explainer/inline.py"
        spec = importlib.util.spec_from_file_location("inline", where)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        path = self.directory / "notebook.html"
        path.write_text("<!doctype html><meta charset=utf-8><title>notebook</title>"
                        + module.inline(pathlib.Path(self.report).read_text(encoding="utf-8")), encoding="utf-8")
        self.driver.get(path.as_uri())
        self.driver.switch_to.frame(self.one("iframe"))
        self.until(lambda: self.all("[role=tab]"))
        for view in self.views():
            self.one(f"#tab-{view}").click()
            self.settle()
            self.assertGreater(self.one("#panel .view").size["height"], 50, view)
        self.driver.switch_to.default_content()
        self.picture("notebook")

    def test_every_view_opens_in_light_and_dark_on_a_desk_and_a_phone(self):
        for theme in ("light", "dark"):
            for width, height, device in ((1280, 1000, "desk"), (390, 800, "phone")):
                self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": device == "phone"})
                for report, prefix in ((self.report, ""), (self.comparison, "two-")):
                    self.open(report, theme=theme)
                    self.assertGreaterEqual(len(self.views()), 2)
                    for view in self.views():
                        self.one(f"#tab-{view}").click()
                        self.settle()
                        self.assertGreater(self.one("#panel .view").size["height"], 50, view)
                        wide = self.js("return document.documentElement.scrollWidth") - width
                        self.assertLessEqual(wide, 0, f"{view} on a {device} is too wide")
                        self.picture(f"{prefix}{view}-{theme}-{device}")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def test_axe_has_nothing_serious_to_say(self):
        for theme in ("light", "dark"):
            for report in (self.report, self.comparison):
                self.open(report, theme=theme)
                for view in self.views():
                    self.one(f"#tab-{view}").click()
                    self.settle()
                    self.assert_accessible(f"{view}, {theme}")

    def test_axe_is_not_blind(self):
        self.open(self.report)
        self.js("const b = document.createElement('button'); document.body.append(b)")  # a button without a name
        with self.assertRaises(AssertionError):
            self.assert_accessible("broken")

    def test_tabs_follow_the_arrow_keys(self):
        self.open(self.report)
        first, second = self.views()[:2]
        self.js("document.querySelector('[role=tab]').focus()")
        self.keys("\ue014")  # right
        self.assertEqual(self.js("return document.activeElement.dataset.view"), second)
        self.assertEqual(self.one("#panel").get_attribute("data-view"), second)
        self.keys("\ue012")
        self.assertEqual(self.one("#panel").get_attribute("data-view"), first)

    def test_the_policy_forbids_the_network_and_foreign_scripts(self):
        self.open(self.report)
        self.allowed_console = ["Content Security Policy", "Refused to", "violates the following"]
        outcome = self.driver.execute_async_script("""const done = arguments[0];
            fetch('http://127.0.0.1:9/').then(() => done('reached'), e => done(e.name));""")
        self.assertEqual(outcome, "TypeError")
        self.js("""const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s);
            document.body.insertAdjacentHTML('beforeend', '<img src="http://127.0.0.1:9/x.png" onerror="window.hacked = 2">');""")
        self.settle()
        self.assertIsNone(self.js("return window.hacked ?? null"))
        self.driver.get_log("performance")  # the attempts, which the policy ended

    def test_hostile_text_is_text(self):
        prompt = HOSTILE + results.WORDS
        answer = HOSTILE[:9]
        hostile = results.result(prompt, answer, messages=[{"role": "<b>user</b>", "content": "You are brief."}], model="</title><script>window.hacked = 3</script>.gguf",
                                 attributions=[results.attribution(prompt, answer), results.alternatives(prompt, answer)], warnings=["<script>window.hacked = 4</script>"])
        hostile = results.with_original(hostile)
        self.open(self.page(hostile))
        for view in self.views():
            self.one(f"#tab-{view}").click()
            self.settle()
            self.assertIsNone(self.js("return window.hacked ?? null"), view)
        self.assertEqual(self.js("return document.querySelectorAll('img, main script, main iframe').length"), 0)
        self.one("#tab-text").click()
        self.settle()
        shown = self.js("return [...document.querySelectorAll('[data-unit]')].map(e => e.textContent)")
        self.assertEqual(shown[0], HOSTILE[0])
        self.assertEqual(shown[2], "U+202Eright to leftU+202C")
        self.assertEqual(shown[3], "zeroZWSPwidthBOM")
        self.assertEqual(shown[4], HOSTILE[4])
        self.assertEqual(shown[7], HOSTILE[7])  # a joiner inside an emoji stays
        self.assertIn("</title><script>", self.one("h1").text)
        self.assertLessEqual(self.js("return document.documentElement.scrollWidth - innerWidth"), 0)
        self.point(self.one("[data-unit='4']"))
        self.assertLess(len(self.tooltip()[""]), 50)
        self.js("scrollTo(0, 0)")
        self.picture("hostile")
        self.export("json")
        name = next(iter(json.loads(self.js("return document.getElementById('data').textContent"))["results"]))["name"]
        self.assertEqual(json.loads(self.downloaded(name).read_text()), hostile)
        self.export("csv")
        with self.downloaded("input_x_gradient.csv").open(newline="") as file:
            rows = list(csv.reader(file))
        self.assertEqual(len(rows), 1 + len(prompt) * len(answer))
        self.downloads.joinpath("input_x_gradient.csv").unlink()

    def test_exports(self):
        self.open(self.report)
        self.export("csv")
        with self.downloaded("input_x_gradient.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        expected = self.result["attributions"][0]["scores"]
        for row in rows:
            self.assertEqual(float(row["score"]), expected[int(row["target"])][int(row["unit"])])
        self.downloads.joinpath("input_x_gradient.csv").unlink()
        self.export("svg")
        picture = ElementTree.parse(self.downloaded("text.svg")).getroot()
        words = "".join(t.text or "" for t in picture.iter("{http://www.w3.org/2000/svg}text"))
        for word in ("brief", "When", "eight"):
            self.assertIn(word, words)
        for view in self.views():
            self.one(f"#tab-{view}").click()
            self.settle()
            self.export("png")
            self.assertEqual(self.downloaded(f"{view}.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
            self.downloaded(f"{view}.png").rename(self.pictures() / f"export-{view}.png")

    def pictures(self):
        from browser import PICTURES
        return PICTURES

    def test_comparing(self):
        self.open(self.comparison, "compare")
        self.assertIn("8 units are in both prompts; 3 only in the first, 2 only in the second", self.one(".says").text)
        self.choose("scaling", "raw")
        first = [sum(row[u] for row in self.result["attributions"][0]["scores"]) for u in range(11)]
        self.point(self.all(".compared")[2].find_elements("css selector", "[data-compared='8']")[0])  # " open"
        tip = self.tooltip()
        self.assertEqual(tip[""], "\u00a0open")
        self.assertAlmostEqual(float(tip["first"].replace("\u2212", "-")), first[9], delta=0.01)
        self.assertAlmostEqual(float(tip["difference"].replace("\u2212", "-")), float(tip["second"].replace("\u2212", "-")) - float(tip["first"].replace("\u2212", "-")), delta=0.02)
        self.one("#tab-text").click()
        self.choose("which", "1")
        self.assertEqual(self.js("return document.querySelectorAll('[data-unit]').length"), 10)

    def test_printing_keeps_the_colours_and_drops_the_controls(self):
        self.open(self.report)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        self.assertFalse(self.one(".controls").is_displayed())
        self.assertTrue(self.one("[data-unit='0']").is_displayed())
        self.picture("print")
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


if __name__ == "__main__":
    unittest.main()
