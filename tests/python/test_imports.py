"""What `import explainer` loads, and how its modules depend on each other."""

from __future__ import annotations

import ast
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import explainer
from explainer import Explainer

PACKAGE = pathlib.Path(explainer.__file__).parent


def imports_of(path, package="explainer"):
    """The package's modules that a file imports, at its top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level > 0:
                module = f"{package}.{module}".rstrip(".")
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in found if name.startswith(package + ".")}


def circle(directory):
    """Modules that import each other in a ring, first and last the same; [] if there is no such ring."""
    graph = {path.stem: imports_of(path) for path in sorted(pathlib.Path(directory).glob("*.py"))}
    done = set()

    def visit(name, path):
        if name in path:
            return [*path[path.index(name):], name]
        if name in done or name not in graph:
            return []
        for other in sorted(graph[name]):
            if ring := visit(other, [*path, name]):
                return ring
        done.add(name)
        return []
    return next((ring for name in graph if (ring := visit(name, []))), [])


class Imports(unittest.TestCase):
    def test_nothing_until_it_is_used(self):
        code = ("import importlib, sys; before = set(sys.modules); import explainer; "
                "print(sorted(set(sys.modules) - before))")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "['explainer']\n")

    def test_nothing_heavy(self):
        code = ("import sys, explainer; explainer.Explainer, explainer.load; "
                "print(sorted({'torch', 'transformers', 'ray', 'pandas', 'pyarrow'} & set(sys.modules)))")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "[]\n")

    def test_no_circles(self):
        self.assertGreater(len(list(PACKAGE.glob("*.py"))), 15)
        self.assertEqual(circle(PACKAGE), [])

    def test_a_circle_is_found(self):
        with tempfile.TemporaryDirectory() as scratch:
            for name, text in (("a", "from explainer.b import x"), ("b", "import explainer.c"), ("d", "import os"),
                               ("c", "def f():\n    from explainer import d, a\n    return d, a")):
                pathlib.Path(scratch, name + ".py").write_text(text, encoding="utf-8")
            self.assertEqual(circle(scratch), ["a", "b", "c", "a"])
            pathlib.Path(scratch, "c.py").write_text("from . import d", encoding="utf-8")
            self.assertEqual(circle(scratch), [])

    def test_every_name(self):
        for name in explainer.__all__:
            self.assertIsNotNone(getattr(explainer, name))
        with self.assertRaises(AttributeError):
            _ = explainer.nothing
        self.assertIn("load", dir(explainer))

    def test_the_stub_has_every_name_at_its_home(self):
        stub = ast.parse(pathlib.Path(os.path.realpath(explainer.__file__)).with_suffix(".pyi").read_text("utf-8"))
        named = {alias.asname: (node.module, alias.name) for node in ast.walk(stub) if isinstance(node, ast.ImportFrom)
                 for alias in node.names}
        homes = {name: (explainer._HOME_OF[name], name) for name in explainer.__all__}
        self.assertEqual(named, homes)

    def test_original_homes(self):
        from explainer.attribute import ExplainerHandler, Preprocessor
        from explainer.explainer import Explainer as SameExplainer
        from explainer.extra import ModelExplanationTask

        self.assertIs(SameExplainer, Explainer)
        self.assertEqual((ExplainerHandler.__name__, Preprocessor.__name__), ("ExplainerHandler", "Preprocessor"))
        self.assertEqual(ModelExplanationTask.SUMMARIZATIONS, "summarizations")


if __name__ == "__main__":
    unittest.main()
