"""What a wheel is made of: the installed component and the package's files, in a place of their own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import ROOT, golden_path


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="llmx-install-")
        cls.addClassCleanup(cls.scratch.cleanup)
        subprocess.run(["cmake", "--install", os.environ["LLMX_BUILD"], "--component", "python", "--prefix",
                        cls.scratch.name], check=True, capture_output=True)
        cls.package = os.path.join(cls.scratch.name, "explainer")
        shutil.copytree(os.path.join(ROOT, "python", "explainer"), cls.package, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("__pycache__"))

    def run_python(self, code, *arguments):
        return subprocess.run([sys.executable, "-B", "-c", code, *arguments], cwd=self.scratch.name, text=True,
                              env={**os.environ, "PYTHONPATH": self.scratch.name}, capture_output=True, check=False)

    def test_it_holds_what_it_needs(self):
        names = os.listdir(self.package)
        self.assertIn("llmx", names)
        self.assertIn("_core.pyi", names)
        self.assertIn("py.typed", names)
        self.assertEqual(len([name for name in names if re.match(r"_core\..*\.so$", name)]), 1)

    def test_it_explains(self):
        done = self.run_python("import explainer, sys; print(explainer.__file__); "
                               "print(explainer.load(sys.argv[1]).explain(prompt_ids=[5, 9], answer_ids=[8]))",
                               golden_path("llama-tiny.gguf"))
        self.assertIn("Result(generative_text_chat, value_norm, saliency", done.stdout, done.stderr)
        self.assertIn(self.scratch.name, done.stdout)

    def test_the_program(self):
        with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as file:
            script = re.search(r'^llmx = "([\w.]+):(\w+)"$', file.read(), re.MULTILINE)
        code = f"from {script.group(1)} import {script.group(2)} as main; main()"
        self.assertRegex(self.run_python(code, "--version").stdout, r"^llmx \d")
        refused = self.run_python(code, "explain", "--methd")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("nearest: --method", refused.stderr)


if __name__ == "__main__":
    unittest.main()
