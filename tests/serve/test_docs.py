"""The examples of docs/serve.md, as they stand there."""

import json
import re
import subprocess
import unittest

from service import DEMO_MODEL, SOURCE, Service


@unittest.skipUnless(DEMO_MODEL, "no demo model")
class Docs(unittest.TestCase):
    def test_examples(self):
        with open(SOURCE + "/docs/serve.md") as file:
            examples = re.findall(r"```sh\n(.*?)```", file.read(), re.DOTALL)
        self.assertGreaterEqual(len(examples), 5)
        seen = ""
        with Service(model=DEMO_MODEL) as service:
            for example in examples:
                with self.subTest(example):
                    script = example.replace("127.0.0.1:8080", f"127.0.0.1:{service.port}") \
                                    .replace("curl ", "curl -sS --fail-with-body ")
                    run = subprocess.run(["bash", "-o", "pipefail", "-ec", script], capture_output=True, text=True,
                                         check=False)
                    self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
                    self.assertIn(str(service.port), script)
                    if "stream" not in example and "metrics" not in example:
                        json.loads(run.stdout)
                    seen += run.stdout
        for word in ("event: result", "value_norm", "chat.completion", '"explanation":', "llmx_ready 1"):
            self.assertIn(word, seen)


if __name__ == "__main__":
    unittest.main()
