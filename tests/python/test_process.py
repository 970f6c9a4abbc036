"""The engine in a Python process: signals while it works, the interpreter's end, forks."""

import os
import re
import subprocess
import sys
import time
import unittest

# Enough work for half a minute.
BEGIN = """
import os, signal, sys, threading, time
import explainer
from support import golden_path, tiny
LONG = {"prompt_ids": [5, 9, 12, 7, 3] * 20, "answer_ids": [8, 4, 6] * 10, "method": "shapley",
        "permutations": 10_000}
SHORT = {"prompt_ids": [5, 9], "answer_ids": [8], "method": "saliency"}
"""


def run(code, timeout=60):
    """The script's exit status, and what it wrote."""
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=timeout,
                          cwd=os.path.dirname(os.path.abspath(__file__)), check=False)
    return done.returncode, done.stdout, done.stderr


class Waiting(unittest.TestCase):
    """Waiting threads spin briefly, unless the environment says otherwise; nothing is left in it for children."""

    def spin_count(self, use="explainer.load", **environment):
        kept = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
        code = f"import os, explainer; {use}; print([name for name in os.environ if 'GOMP' in name])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                              env={**kept, "OMP_DISPLAY_ENV": "VERBOSE", **environment})
        found = re.findall(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)
        if not found:
            self.skipTest("another OpenMP than libgomp")
        return found[-1], done.stdout.strip()

    def test_is_brief_unless_the_environment_says_how(self):
        self.assertEqual(self.spin_count(), ("300", "[]"))
        for use in ("explainer.__version__", "from explainer import UsageError", "import explainer.errors"):
            self.assertEqual(self.spin_count(use), ("300", "[]"), use)
        self.assertEqual(self.spin_count(GOMP_SPINCOUNT="7"), ("7", "['GOMP_SPINCOUNT']"))
        self.assertEqual(self.spin_count(OMP_WAIT_POLICY="passive"), ("0", "[]"))


class Signals(unittest.TestCase):
    def test_a_handler_runs_within_a_second(self):
        code, out, errors = run("""
began = time.monotonic()
late = []
signal.signal(signal.SIGALRM, lambda *_: late.append(time.monotonic() - began))
signal.setitimer(signal.ITIMER_REAL, 0.5)
model = tiny()
threading.Timer(2, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
try:
    model.explain(**LONG)
finally:
    print(len(late), 0.5 <= late[0] < 1.5, time.monotonic() - began < 4, flush=True)
""")
        self.assertEqual((code, out), (3, "1 True True\n"), errors)

    def test_what_a_handler_raises_ends_the_work(self):
        code, out, errors = run("""
class TooLong(Exception):
    pass

def stop(*_):
    raise TooLong

signal.signal(signal.SIGALRM, stop)
model = tiny()
for work in (lambda: model.explain(**LONG), lambda: model.explain(**LONG, progress=lambda *_: None),
             lambda: model.generate([5, 9], max_new_tokens=10 ** 6, streamer=[].append)):
    signal.alarm(1)
    began = time.monotonic()
    try:
        work()
    except TooLong:
        print(0.9 < time.monotonic() - began < 2)
    except explainer.Error as error:
        signal.alarm(0)
        print(type(error).__name__)
print(model.explain(**SHORT)["Prediction"] != "")
""")
        self.assertEqual((code, out), (0, "True\nTrue\nContextOverflowError\nTrue\n"), errors)

    def test_interrupt(self):
        # Whoever runs the tests in the background may have let SIGINT be ignored.
        code, out, errors = run("""
signal.signal(signal.SIGINT, signal.default_int_handler)
model = tiny()
threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    model.explain(**LONG)
except KeyboardInterrupt:
    print('interrupted', signal.getsignal(signal.SIGINT) is signal.default_int_handler)
print(model.explain(**SHORT)['Prediction'] != '')
""")
        self.assertEqual((code, out), (0, "interrupted True\nTrue\n"), errors)


class InterpreterEnd(unittest.TestCase):
    def ends(self, work, wait=1.0, most=10):
        began = time.monotonic()
        code, out, errors = run(f"""
model = tiny()
def work():
    {work}
threading.Thread(target=work, daemon=True).start()
time.sleep({wait})
print("over", flush=True)
""")
        self.assertEqual((code, out), (0, "over\n"), errors)
        self.assertLess(time.monotonic() - began, most)

    def test_amid_work(self):
        self.ends("model.explain(**LONG)")

    def test_amid_work_with_callbacks(self):
        self.ends("model.explain(**LONG, progress=lambda stage, done: None)")

    def test_amid_ever_new_work(self):
        self.ends("""
    while True:
        try:
            model.explain(**SHORT).to_html()
        except explainer.CancelledError:
            time.sleep(0)
""")

    def test_amid_a_callback_that_waits_for_ever(self):
        self.ends("model.generate([5, 9], max_new_tokens=50, streamer=lambda text: threading.Event().wait())", most=20)

    def test_handlers_of_exit_may_use_results(self):
        code, out, errors = run("""
result = tiny().explain(**SHORT)
explainer._core._end_work()  # as if registered after ours
print(len(result.to_json()) > 100, tiny().explain(**SHORT)["Prediction"] != "")
""")
        self.assertEqual((code, out), (0, "True True\n"), errors)


class Forks(unittest.TestCase):
    def test_a_child_explains_too(self):
        code, out, errors = run("""
import multiprocessing
model = explainer.load(golden_path("llama-tiny.gguf"), threads=2)
request = {"prompt_ids": [5, 9, 12, 7, 3], "answer_ids": [8, 4, 6], "method": ["gradient", "leave_one_out"]}

def scores(_):
    return model.explain(**request).attributions[0]["scores"].tolist()

before = scores(0)
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map_async(scores, range(4)).get(40) == [before] * 4, scores(0) == before)
""")
        self.assertEqual((code, out), (0, "True True\n"), errors)

    def test_amid_work_is_an_error_at_once(self):
        code, out, errors = run("""
model = tiny()
thread = threading.Thread(target=lambda: model.explain(**LONG), daemon=True)
thread.start()
time.sleep(1)
child = os.fork()
if child == 0:
    try:
        model.explain(**SHORT)
    except explainer.UnsupportedError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
""")
        self.assertEqual(code, 0, errors)
        self.assertIn('get_context("spawn")', out)


if __name__ == "__main__":
    unittest.main()
