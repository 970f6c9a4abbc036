"""The matrix, small enough to check by cell and as large as it gets; sizes and opening times."""

import json
import os
import pathlib
import time
import unittest

import results
from browser import PICTURES, BrowserTest, llmx
from selenium.webdriver.common.keys import Keys


def measured(**numbers):
    """Keeps numbers beside the screenshots."""
    path = PICTURES / "measured.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known.update(numbers)
    path.write_text(json.dumps(known, indent=1))


class Matrix(BrowserTest):
    def test_a_cell_has_its_scores_colour_and_keys_find_it(self):
        result = results.result()
        self.open(self.page(result), "matrix")
        scores = result["attributions"][0]["scores"]
        self.js("document.querySelector('canvas.matrix').focus()")
        self.keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ARROW_DOWN, *[Keys.ARROW_RIGHT] * 3)
        tip = self.tooltip()
        self.assertEqual((tip[""], tip["for"]), (".", "\u00a0to"))
        self.assertAlmostEqual(float(tip["score"].replace("\u2212", "-")), scores[2][3], delta=abs(scores[2][3]) * 0.005)
        top = max(abs(v) for row in scores for v in row)
        found, wanted = self.js("""const canvas = document.querySelector('canvas.matrix'), c = canvas.getContext('2d');
            const tip = document.getElementById('tooltip').getBoundingClientRect(), box = canvas.getBoundingClientRect();
            const scale = llmx.scale({top: arguments[1], signed: true});
            const wanted = scale.bytes(arguments[0]);
            const image = c.getImageData(0, 0, canvas.width, canvas.height).data;
            let found = false;
            for (let i = 0; i < image.length; i += 4) if (wanted.every((v, k) => Math.abs(image[i + k] - v) <= 1)) { found = true; break; }
            return [found, wanted];""", scores[2][3], top)
        self.assertTrue(found, f"no point has the colour {wanted}")
        self.keys(Keys.ENTER)
        self.one("#tab-text").click()
        self.settle()
        self.assertEqual(self.one("[data-token='2']").get_attribute("aria-selected"), "true")

    def test_zoom_shows_fewer_cells_and_all_again(self):
        self.open(self.page(results.result()), "matrix")
        def picture():
            return self.js("return document.querySelector('canvas.matrix').toDataURL()")
        before = picture()
        self.click(self.one("[data-zoom='Zoom in']"))
        self.assertNotEqual(picture(), before)
        self.click(self.one("[data-zoom='Show all']"))
        self.point(self.one("h1"))
        self.assertEqual(picture(), before)

    def test_a_peak_smaller_than_a_point_is_still_seen(self):
        prompt = [f" w{i}" for i in range(4000)]
        answer = [f" a{i}" for i in range(20)]
        entry = results.attribution(prompt, answer)
        entry["scores"] = [[1.5 if (r, c) in ((7, 1234), (9, 2345)) else 0.0 for c in range(4000)] for r in range(20)]
        self.open(self.page(results.result(prompt, answer, [entry])), "matrix")
        strong = self.js("""const canvas = document.querySelector('canvas.matrix');
            const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data, w = llmx.scale({top: 1}).bytes(1);
            let n = 0; for (let i = 0; i < d.length; i += 4) if (w.every((v, k) => Math.abs(d[i + k] - v) <= 1)) ++n; return n;""")
        self.assertGreater(strong, 10)

    def test_500_by_4000(self):
        prompt = [f" word{i}" for i in range(4000)]
        answer = [f" answer{i}" for i in range(500)]
        path = self.page(results.result(prompt, answer))
        self.open(path, "matrix")
        canvas = self.one("canvas.matrix")
        stats = """const s = document.querySelector('.view').matrixStats; return [s.draws, s.longest];"""
        self.js("document.querySelector('.view').matrixStats.longest = 0")
        for _ in range(4):
            self.click(self.one("[data-zoom='Zoom in']"))
        self.actions().move_to_element(canvas).click_and_hold().move_by_offset(-200, 30).move_by_offset(-100, -30).release().perform()
        self.settle()
        draws, longest = self.js(stats)
        self.assertGreater(draws, 5)
        measured(matrix_500_by_4000={"megabytes": path.stat().st_size / 1e6, "draws": draws, "longest_draw_ms": longest})
        print(f"500 x 4,000: {path.stat().st_size / 1e6:.1f} MB, {draws} draws, the longest {longest:.0f} ms")
        self.picture("matrix-500-by-4000")


class Sizes(BrowserTest):
    def opening(self, path):
        """Seconds from asking for the page to its first picture drawn, the best of three."""
        best = 99
        for _ in range(3):
            self.driver.get("about:blank")
            start = time.monotonic()
            self.open(path)
            self.settle()
            best = min(best, time.monotonic() - start)
        return best

    def test_4000_tokens(self):
        """Everything that two methods with a row for each of 100 answer tokens and the original's two hold."""
        prompt = [f" word{i}" for i in range(4000)]
        answer = [f" answer{i}" for i in range(100)]
        entries = [results.attribution(prompt, answer), results.attribution(prompt, answer, "saliency", signed=False, seed=9)]
        result = results.with_original(results.result(prompt, answer, entries))
        path = self.page(result)
        size, seconds = path.stat().st_size / 1e6, self.opening(path)
        print(f"4,000 tokens: {size:.1f} MB, opens in {seconds:.2f} s")
        hover = self.driver.execute_async_script("""const done = arguments[0];
            const start = performance.now();
            document.querySelector("[data-token='5']").dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
            requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));""")
        print(f"4,000 tokens: another row is shown after {hover:.0f} ms")
        measured(prompt_of_4000={"megabytes": size, "opens_s": seconds, "another_row_ms": hover})
        self.assertLessEqual(size, 15)

    @unittest.skipUnless(os.environ.get("LLMX_DEMO_MODEL"), "needs the demo model")
    def test_the_chat_example(self):
        chat = pathlib.Path(os.environ["LLMX_SOURCE_DIR"]) / "examples" / "chatbot"
        path = self.directory / "chat.html"
        llmx("explain", "--model", os.environ["LLMX_DEMO_MODEL"], "--system-file", chat / "system.txt", "--user-file", chat / "user.txt",
             "--label-file", chat / "label.txt", "--max-new-tokens", 100, "--method", "attention,gradient,attention_weights", "--per-token", "--html", path, "--quiet")
        size, seconds = path.stat().st_size / 1e6, self.opening(path)
        print(f"chat example: {size:.2f} MB, opens in {seconds:.2f} s")
        measured(chat_example={"megabytes": size, "opens_s": seconds})
        self.assertLessEqual(size, 3)
        for view in self.js("return [...document.querySelectorAll('[role=tab]')].map(t => t.dataset.view)"):
            self.one(f"#tab-{view}").click()
            self.picture(f"chat-{view}")


if __name__ == "__main__":
    unittest.main()
