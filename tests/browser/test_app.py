"""The application: a question asked in the page of `llmx serve`, its answer as it comes, its explanation, the
difference to the run before, cancel, errors, the key."""

import os
import pathlib
import sys
import unittest

from browser import LLMX, BrowserTest
from selenium.webdriver.common.keys import Keys

os.environ.setdefault("LLMX_CLI", LLMX)
os.environ.setdefault("LLMX_SOURCE", os.environ["LLMX_SOURCE_DIR"])
GOLDEN = pathlib.Path(os.environ["LLMX_SOURCE"]) / "tests/data"
sys.path.insert(0, str(GOLDEN.parent / "serve"))
from service import DEMO_MODEL, TEMPLATE, TINY_MODEL, Service  # noqa: E402


class AppTest(BrowserTest):
    model = TINY_MODEL
    options: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = Service(*cls.options, model=cls.model)
        cls.addClassCleanup(cls.service.stop)

    def tearDown(self):
        own = f"http://127.0.0.1:{self.service.port}/"
        asked = self.requests()
        self.assertEqual([url for url in asked if not url.startswith(own)], [], "the page asked somebody else")
        super().tearDown()

    def go(self, theme="light"):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": theme}]})
        self.driver.get(f"http://127.0.0.1:{self.service.port}/")
        self.until(lambda: self.all("form.request"))

    def field(self, name):
        return self.one(f"[name={name}]")

    def fill(self, user, system=None, tokens=4):
        self.field("user").clear()
        self.field("user").send_keys(user)
        if system is not None:
            self.field("system").clear()
            self.field("system").send_keys(system)
        self.js("document.querySelector('.options').open = true")
        self.field("max_new_tokens").clear()
        self.field("max_new_tokens").send_keys(str(tokens))

    def choose_methods(self, *names):
        self.js("document.querySelector('.options').open = true")
        for box in self.all("[name=method]"):
            if box.is_selected() != (box.get_attribute("value") in names):
                box.click()

    def run_it(self, seconds=60):
        runs = len(self.all(".runs li"))
        self.one("button.primary").click()
        self.until(lambda: len(self.all(".runs li")) == runs + 1, seconds)
        self.settle()

    def tabs(self):
        return [tab.get_attribute("data-view") for tab in self.all("[role=tab]")]

    def selected(self):
        return self.one("[role=tab][aria-selected=true]").get_attribute("data-view")

    def trouble(self):
        self.until(lambda: self.one(".trouble").is_displayed())
        return self.one(".trouble").text


class App(AppTest):
    options = ("--chat-template", TEMPLATE)

    def test_a_question_and_its_explanation(self):
        self.go()
        self.assertIn("llama-tiny.gguf", self.one("h1").text)
        self.fill("a b c", system="d")
        self.run_it()
        self.assertIn("text", self.tabs())
        result = self.service.post("/v1/explain", {"system": "d", "user": "a b c", "max_new_tokens": 4,
                                                   "method": ["input_x_gradient"], "per_token": True}).json
        shown = [e.text for e in self.all(".report-place [data-token]")]
        self.assertEqual(len(shown), len(result["Decode_output"]))
        self.assertTrue(self.one("button.primary").is_enabled())
        self.assertFalse(self.one(".trouble").is_displayed())

    def test_attention_and_the_logit_lens(self):
        self.go()
        self.fill("a b c")
        self.run_it()
        for view in ("heads", "model", "depth", "neuron"):
            self.assertIn(view, self.tabs())
        self.assertNotIn("lens", self.tabs())
        self.one("[name=views]").click()
        self.one("[name=logit_lens]").click()
        self.run_it()
        self.choose("compare", "")
        self.assertIn("lens", self.tabs())
        self.assertNotIn("heads", self.tabs())

    def test_the_difference_to_the_last_run(self):
        self.go()
        self.fill("a b c")
        self.run_it()
        self.assertNotIn("compare", self.tabs())
        self.one(".runs li .plain-button").click()  # edit
        self.field("user").send_keys(" d")
        self.run_it()
        self.assertEqual([run.get_attribute("value") for run in self.all(".runs li")], ["2", "1"])
        self.assertIn("compare", self.tabs())
        self.assertEqual(self.selected(), "compare")
        self.choose("compare", "")
        self.assertNotIn("compare", self.tabs())
        self.all(".run-pick")[1].click()  # the first again
        self.settle()
        self.assertEqual(self.all(".run-pick")[1].get_attribute("aria-pressed"), "true")
        self.assertIn("a b c", self.one(".report-place").text.replace("␣", " ").replace("\n", " "))

    def test_every_view_opens_on_the_new_run(self):
        self.go()
        self.fill("a b c")
        self.choose_methods("attention")
        self.run_it()
        self.fill("d e")
        self.choose_methods("input_x_gradient", "attention")
        self.one("[name=logit_lens]").click()
        self.run_it()
        self.assertEqual(self.selected(), "compare")
        self.assertIn("lens", self.tabs())  # of the new run alone
        for view in self.tabs():
            if view == "compare":
                continue
            self.one(f"[data-view={view}][role=tab]").click()
            self.settle()
            self.assertIn("run 2", self.one("[data-name=which] :checked + label").text, view)
            self.assertNotIn("nothing to show", self.one("#panel").text, view)

    def test_what_cannot_be_asked_is_said_at_once(self):
        self.go()
        self.fill("a b c")
        self.choose_methods()
        self.one("button.primary").click()
        self.assertIn("No method is chosen", self.trouble())
        self.choose_methods("context_reliance")
        self.one("button.primary").click()
        self.assertIn("needs a context", self.trouble())
        self.assertEqual(self.all(".runs li"), [])
        self.field("context_span").send_keys("b c")
        self.run_it()
        self.assertFalse(self.one(".trouble").is_displayed())

    def test_a_method_that_fails_takes_no_other_with_it(self):
        self.go()
        self.fill("a b c")
        self.choose_methods("input_x_gradient", "attention_flow")
        self.js("""const ask = llmx.client.explain;
            llmx.client.explain = (body, ...more) => {
              if (!body.method.includes("attention_flow")) return ask(body, ...more);
              throw new llmx.client.ServiceError("attention_flow: 9 tokens need 9 KiB; expected fewer", 400);
            };""")
        self.run_it()
        self.assertEqual(self.trouble(), "Left out: attention_flow: 9 tokens need 9 KiB; expected fewer")
        self.assertIn("text", self.tabs())

    def test_characters_of_several_tokens_are_whole_when_compared(self):
        self.go()
        for text in ("\u05e9\u05dc\u05d5\u05dd", "\u4f60\u597d \u05e9\u05dc\u05d5\u05dd"):
            self.fill(text)
            self.run_it()
        self.assertEqual(self.selected(), "compare")
        sides = [side.text for side in self.all(".compared .turn")]
        for side, text in zip(sides, ("\u05e9\u05dc\u05d5\u05dd", "\u4f60\u597d"), strict=False):
            self.assertIn(text, side.replace("\n", ""))
            self.assertNotIn("\ufffd", side)

    def test_what_goes_on_is_seen(self):
        self.driver.set_window_size(1280, 500)
        self.go()
        self.fill("a b c d e f " * 20, tokens=64)
        self.choose_methods("shapley", "integrated_gradients", "kernel_shap")
        self.one("button.primary").click()
        self.until(lambda: self.one(".stage").is_displayed())
        self.assertTrue(self.is_on_screen(".stage"))
        self.until(lambda: self.service.metric("llmx_requests_running") == 1)
        self.one(".run .plain-button").click()
        self.assertEqual(self.trouble(), "Cancelled.")
        self.assertTrue(self.is_on_screen(".trouble"))
        self.until(lambda: self.service.metric("llmx_requests_running") == 0, 20)
        self.driver.set_window_size(*self.size)

    def is_on_screen(self, selector):
        return self.js("const box = document.querySelector(arguments[0]).getBoundingClientRect();"
                       "return box.top >= 0 && box.bottom <= innerHeight", selector)

    def test_examples_to_start_from(self):
        self.go()
        self.choose("example", "1")
        self.assertIn("closed on Sundays", self.field("user").get_attribute("value"))
        self.assertTrue(self.field("system").get_attribute("value"))

    def test_an_answer_from_elsewhere(self):
        self.go()
        self.fill("a b")
        self.field("answer").send_keys("c d")
        self.run_it()
        self.assertIn("c d", self.one(".runs li").text)

    def test_cancel_by_the_keyboard_and_the_mouse(self):
        self.go()
        for way in ("click", "key"):
            self.fill("a b c d e f " * 20, tokens=64)
            self.choose_methods("shapley", "integrated_gradients", "kernel_shap")
            before = self.service.metric("llmx_abandoned_total")
            self.field("user").send_keys(Keys.CONTROL, Keys.ENTER)
            self.until(lambda: self.one(".stage").is_displayed())
            self.until(lambda: self.service.metric("llmx_requests_running") == 1)
            self.assertFalse(self.one("button.primary").is_enabled())
            if way == "click":
                self.one(".run .plain-button").click()
            else:  # the focus is on it
                self.keys(Keys.ENTER)
            self.assertEqual(self.trouble(), "Cancelled.")
            self.until(lambda before=before: self.service.metric("llmx_abandoned_total") == before + 1)
            self.until(lambda: self.service.metric("llmx_requests_running") == 0, 20)
            self.assertTrue(self.one("button.primary").is_enabled())

    def test_errors_are_the_services_own(self):
        self.go()
        self.fill("")
        self.allowed_console = ["400"]
        self.one("button.primary").click()
        self.assertEqual(self.trouble(), "`user`: is empty; expected some text")
        self.fill("a", tokens=99999)
        self.one("button.primary").click()
        self.until(lambda: "99999" in self.trouble())

    def test_hostile_text_is_text(self):
        self.go()
        text = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=2>"
        self.fill(text, system="\u202e" + text)
        self.run_it()
        self.assertIsNone(self.js("return window.hacked ?? null"))
        self.assertIn("<img", self.one(".run-question").text + self.one(".report-place").text)

    def test_accessible(self):
        for theme in ("light", "dark"):
            self.go(theme)
            self.js("document.querySelector('.options').open = true")
            self.assert_accessible(f"form, {theme}")
            self.fill("a b c")
            self.run_it()
            self.fill("a b d")
            self.run_it()
            self.assert_accessible(f"result, {theme}")
            self.js("scrollTo(0, 0)")
            self.picture(f"app-{theme}")

    def test_on_a_phone(self):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True})
        self.go()
        self.fill("a b c")
        self.run_it()
        self.assertLessEqual(self.js("return document.documentElement.scrollWidth"), 390)
        self.assertLess(self.js("return document.querySelector('.report-place').getBoundingClientRect().top"), 400)
        self.js("scrollTo(0, 0)")
        self.picture("app-phone")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


class Rewriting(AppTest):
    """An encoder-decoder is given a text and what to do with it."""

    model = str(GOLDEN / "t5-tiny.gguf")

    def test_a_translation(self):
        self.go()
        self.field("prefix").send_keys("a ")
        self.field("source").send_keys("b c d")
        self.js("document.querySelector('.options').open = true")
        self.field("max_new_tokens").clear()
        self.field("max_new_tokens").send_keys("4")
        self.run_it()
        self.assertIn("b c d", self.one(".run-question").text)
        self.assertIn("heads", self.tabs())
        self.assert_accessible("translation")


class Answering(AppTest):
    """An encoder is given a text and a question about it."""

    model = str(GOLDEN / "bertqa-tiny")

    def test_a_question_about_a_text(self):
        self.go()
        self.field("context").send_keys("the cat sat on the mat")
        self.field("question").send_keys("where")
        self.run_it()
        self.assertIn("where", self.one(".run-question").text)
        self.assertEqual(self.all("[name=logit_lens], [name=answer]"), [])
        self.one(".runs li .plain-button").click()
        self.assertEqual(self.field("context").get_attribute("value"), "the cat sat on the mat")
        self.assert_accessible("question answering")


class Key(BrowserTest):
    def test_the_page_asks_for_the_key(self):
        with Service("--api-key", "secret", "--chat-template", TEMPLATE) as service:
            self.allowed_console = ["401"]
            self.driver.get(f"http://127.0.0.1:{service.port}/")
            self.until(lambda: self.all("input[type=password]"))
            field = self.one("input[type=password]")
            field.send_keys("\u05de\u05e4\u05ea\u05d7", Keys.ENTER)
            self.until(lambda: "expected letters" in self.one("[role=alert]").text)
            for key in ("wrong", "secret"):
                self.until(lambda: self.all("input[type=password]"))
                field = self.one("input[type=password]")
                field.send_keys(key, Keys.ENTER)
                self.until(lambda: not self.all("input[type=password]") or
                           self.all("input[type=password]")[0].get_attribute("value") == "")
            self.until(lambda: self.all("[name=user]"))
        self.requests()


@unittest.skipUnless(DEMO_MODEL, "no demo model")
class Demo(AppTest):
    """The answer of a real model streams in."""

    model = DEMO_MODEL

    def test_it_streams(self):
        self.go()
        self.choose("example", "0")
        self.js("""window.seen = []; new MutationObserver(() => window.seen.push(document.querySelector('.written').textContent))
            .observe(document.querySelector('.written'), {childList: true, characterData: true, subtree: true});
            window.stages = []; new MutationObserver(() => window.stages.push(document.querySelector('.stage').textContent))
            .observe(document.querySelector('.stage'), {childList: true, characterData: true, subtree: true});""")
        self.run_it(120)
        seen = self.js("return window.seen")
        self.assertGreater(len(set(seen)), 5)
        self.assertIn("writing the answer", self.js("return window.stages"))
        self.js("scrollTo(0, 0)")
        self.picture("app-demo")


if __name__ == "__main__":
    unittest.main()
