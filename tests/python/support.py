"""Models, golden numbers and comparisons that the tests share."""

import os
import sys
import tempfile
import unittest

import explainer
import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(ROOT, "tests", "data")
DEMO = os.environ.get("LLMX_DEMO_MODEL", "")
needs_demo = unittest.skipUnless(os.path.isfile(DEMO), "LLMX_DEMO_MODEL names no file")

_scratch = tempfile.TemporaryDirectory(prefix="llmx-python-")


def golden_path(name):
    return os.path.join(GOLDEN, name)


def golden(name):
    """The tensors of a golden file, by name."""
    from gguf import GGUFReader

    return {one.name: np.array(one.data).reshape([int(n) for n in one.shape][::-1])
            for one in GGUFReader(golden_path(name + ".gguf")).tensors}


def tiny(name="llama-tiny.gguf"):
    return explainer.load(golden_path(name))


def demo_float32():
    """The demo model with float32 weights, made once."""
    path = os.path.join(_scratch.name, "demo-f32.gguf")
    if not os.path.exists(path):
        explainer.quantize(DEMO, path, "F32")
    return path


def assert_measured(case, error, measured):
    """`error` is at most three times what was measured when the test was written (tests/support/measured.hpp)."""
    log = os.environ.get("LLMX_MEASURED")
    if log:
        caller = sys._getframe(1)
        with open(log, "a", encoding="utf-8") as out:
            out.write(f"{caller.f_code.co_filename}:{caller.f_lineno}\t{case.id()}\t{error}\t{measured}\n")
    case.assertLessEqual(error, 3 * measured)


def relative_l2(got, expected):
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    if got.shape != expected.shape:
        raise AssertionError(f"shapes {got.shape} and {expected.shape} differ")
    return np.linalg.norm(got - expected) / np.linalg.norm(expected)


def max_difference(got, expected):
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    if got.shape != expected.shape:
        raise AssertionError(f"shapes {got.shape} and {expected.shape} differ")
    return float(np.abs(got - expected).max())
