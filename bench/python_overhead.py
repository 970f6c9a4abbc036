"""Python's overhead over the command line, for the chat example: both as whole processes, one after the other, several
times in one run. Ratios, not times, are what counts.

    PYTHONPATH=build/release/python python bench/python_overhead.py build/release/bin/llmx MODEL.gguf [ROUNDS]
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

program, model, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 7
chat = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "examples", "chatbot")
request = {"system_file": os.path.join(chat, "system.txt"), "user_file": os.path.join(chat, "user.txt"),
           "label_file": os.path.join(chat, "label.txt"), "method": ["attention", "gradient"]}


def seconds(command):
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


with tempfile.TemporaryDirectory() as scratch:
    flags = [f"--{key.replace('_', '-')}={value if isinstance(value, str) else ','.join(value)}"
             for key, value in request.items()]
    by_program = [program, "explain", "--model", model, *flags, "--quiet", "--json", os.path.join(scratch, "a.json")]
    code = (f"import explainer\nresult = explainer.load({model!r}).explain(**{json.dumps(request)})\n"
            f"result.save({os.path.join(scratch, 'b.json')!r})\n")
    by_package = [sys.executable, "-c", code]
    seconds(by_program), seconds(by_package)  # files into the page cache
    pairs = [(seconds(by_program), seconds(by_package)) for _ in range(rounds)]

print(f"llmx {statistics.median(a for a, _ in pairs):.3f} s, python {statistics.median(b for _, b in pairs):.3f} s, "
      f"ratio {statistics.median(b / a for a, b in pairs):.3f} (median of {rounds} pairs)")
