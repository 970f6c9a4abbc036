"""The types that the package declares: a user's file is clean under mypy, and does what it says."""

import os
import subprocess
import sys
import unittest

from support import golden_path

HERE = os.path.dirname(os.path.abspath(__file__))
MYPY = os.environ.get("LLMX_MYPY", "")  # scripts/lint runs the same


class UsersFile(unittest.TestCase):
    def test_runs(self):
        done = subprocess.run([sys.executable, os.path.join(HERE, "typed_user.py"), golden_path("llama-tiny.gguf")],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    @unittest.skipUnless(MYPY, "LLMX_MYPY names no mypy")
    def test_is_clean_under_mypy(self):
        done = subprocess.run([MYPY, "--strict", "--python-executable", sys.executable, "typed_user.py"], cwd=HERE,
                              env={**os.environ, "MYPYPATH": os.environ["PYTHONPATH"]}, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
