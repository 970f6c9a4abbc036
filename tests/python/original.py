"""Runs the blocks of original_readme.md, and the lines that docs/migration.md adds."""

import contextlib
import io
import os
import re


def blocks():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "original_readme.md"), encoding="utf-8") as file:
        return dict(re.findall(r"^## (\w+)\n\n```python\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL))


def added_lines():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "migration.md")
    with open(path, encoding="utf-8") as file:
        [section] = re.findall(r"^## Three lines .*?^```python\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    return section


def run(model, tokenizer):
    """The results of both methods and what the display prints."""
    code = blocks()
    names = {"model": model, "tokenizer": tokenizer}
    exec(code["data"], names)
    exec(added_lines(), names)
    exec(code["attention"], names)
    attention = names["result"]
    exec(code["gradient"], names)
    gradient = names["result"]
    names["result"] = {**gradient, "Attention": attention["Attention"]}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code["display"], names)
    return attention, gradient, printed.getvalue()
