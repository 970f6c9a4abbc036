"""A headless Chromium for the tests of pages, and pages of results to look at.

Environment, set by ctest: LLMX (the program), LLMX_PICTURES (where screenshots are left), LLMX_DEMO_MODEL (may be
missing), LLMX_SOURCE_DIR.
"""

import base64
import importlib.resources
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

LLMX = os.environ["LLMX"]
PICTURES = pathlib.Path(os.environ["LLMX_PICTURES"])
AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text()


def llmx(*arguments):
    """Runs the program; an error fails the test with its message."""
    run = subprocess.run([LLMX, *map(str, arguments)], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise AssertionError(f"llmx {arguments[0]}: {run.stderr}")
    return run.stdout


class BrowserTest(unittest.TestCase):
    """One browser for a class of tests, one directory for its files. Every test ends with a look at the
    console and at what the page asked the network for: both must be empty."""

    size = (1280, 1000)

    @classmethod
    def setUpClass(cls):
        PICTURES.mkdir(parents=True, exist_ok=True)
        held = tempfile.TemporaryDirectory()
        cls.addClassCleanup(held.cleanup)
        cls.directory = pathlib.Path(held.name)
        cls.downloads = cls.directory / "downloads"
        cls.downloads.mkdir()
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--hide-scrollbars", "--force-device-scale-factor=1", f"--window-size={cls.size[0]},{cls.size[1]}"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"download.default_directory": str(cls.downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        cls.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        cls.addClassCleanup(cls.driver.quit)

    def setUp(self):
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.allowed_console = []  # parts of messages that a test provokes

    def tearDown(self):
        messages = [m["message"] for m in self.driver.get_log("browser")
                    if m["level"] in ("SEVERE", "WARNING") and not any(a in m["message"] for a in self.allowed_console)]
        self.assertEqual(messages, [], "the console is not empty")
        self.assertEqual(self.requests(), [], "the page asked for something")

    def requests(self):
        """Addresses that were asked for since the last look, but for files, data and blobs."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                url = message["params"].get("request", message["params"])["url"]
                if not url.startswith(("file:", "data:", "blob:", "about:", "chrome:", "devtools:")):
                    found.append(url)
        return found

    # Pages

    def page(self, *results):
        """A report of results (dictionaries or paths), made by the program. Its path."""
        paths = []
        for result in results:
            path = result
            if isinstance(result, dict):
                path = self.directory / f"result-{len(list(self.directory.iterdir()))}.json"
                path.write_text(json.dumps(result))
            paths.append(path)
        out = self.directory / f"report-{len(list(self.directory.iterdir()))}.html"
        llmx("view", *paths, "-o", out)
        return out

    def open(self, path, view=None, theme="light"):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": theme}]})
        self.driver.get(f"file://{path}")
        self.until(lambda: self.js("return document.documentElement.dataset.ready") == "true")
        if view is not None:
            self.one(f"#tab-{view}").click()
            self.settle()

    # Looking and doing

    def js(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        found = self.all(css)
        self.assertEqual(len(found), 1, f"{css}: {len(found)} elements")
        return found[0]

    def until(self, condition, seconds=10):
        WebDriverWait(self.driver, seconds, poll_frequency=0.02).until(lambda _: condition())

    def settle(self):
        """Waits until what was asked for the next frames is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))")

    def actions(self):
        return ActionChains(self.driver, duration=20)

    def point(self, element):
        self.actions().move_to_element(element).perform()
        self.settle()

    def click(self, element):
        self.actions().move_to_element(element).click().perform()
        self.settle()

    def keys(self, *keys):
        for key in keys:
            self.actions().send_keys(key).perform()
        self.settle()

    def choose(self, name, value):
        """The common control `name` gets the value."""
        self.js("""const control = document.querySelector(`[data-name="${arguments[0]}"]`);
            const input = control.matches("fieldset") ? control.querySelector(`[value="${arguments[1]}"]`) : control;
            if (control.matches("fieldset")) input.checked = true; else input.value = arguments[1];
            input.dispatchEvent(new Event("input", {bubbles: true}));
            input.dispatchEvent(new Event("change", {bubbles: true}));""", name, value)
        self.settle()

    def colours(self, css="[data-unit]"):
        return self.js("return [...document.querySelectorAll(arguments[0])].map(e => e.style.backgroundColor)", css)

    def tooltip(self):
        """Rows of the tooltip: {name: value}, '' its heading; nothing where it is hidden."""
        return self.js("""const box = document.getElementById("tooltip");
            if (!box || box.hidden) return null;
            const rows = {"": box.querySelector(".tooltip-head").textContent};
            for (const row of box.querySelectorAll("tr")) rows[row.cells[0].textContent] = row.cells[1].textContent;
            return rows;""")

    def picture(self, name):
        """A screenshot of the whole page, kept beside the build for people to look at."""
        self.settle()
        path = PICTURES / f"{name}.png"
        height = self.js("return document.documentElement.scrollHeight")
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": False, "clip": {"x": 0, "y": 0, "width": self.js("return innerWidth"),
                                                     "height": min(height, self.js("return innerHeight")), "scale": 1}})
        path.write_bytes(base64.b64decode(shot["data"]))
        self.assertGreater(path.stat().st_size, 4000, f"{path} is empty")

    def downloaded(self, name, seconds=10):
        path = self.downloads / name
        until = time.monotonic() + seconds
        while not path.exists() or list(self.downloads.glob("*.crdownload")):
            if time.monotonic() > until:
                self.fail(f"{name} was not saved; there are {sorted(p.name for p in self.downloads.iterdir())}")
            time.sleep(0.05)
        return path

    def export(self, kind):
        self.js("document.querySelector('.menu').open = true")
        self.one(f"[data-export={kind}]").click()

    def assert_accessible(self, what):
        """No violation of axe-core's rules that it calls serious or critical."""
        # The page's policy forbids further scripts; the driver's own are not the page's.
        self.driver.execute_script(AXE)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(done)")
        bad = [f"{v['id']} ({v['impact']}): {v['help']}: " + "; ".join(n["html"][:160] for n in v["nodes"][:3])
               for v in found["violations"] if v["impact"] in ("serious", "critical")]
        self.assertGreater(len(found.get("violations", [])) + len(found.get("passes", [])), 0)
        self.assertEqual(bad, [], what)
