"""Runs the blocks of original_readme.md."""

import contextlib
import io
import os
import re
import types


def blocks():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "original_readme.md"), encoding="utf-8") as file:
        return dict(re.findall(r"^## (\w+)\n\n```python\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL))


def run(model, tokenizer):
    """The results of both methods and what the display prints. The prompt ends where an assistant begins to write, as
    that of the original's own numbers does."""
    code = blocks()
    names = {"model": model, "tokenizer": tokenizer}
    exec(code["data"], names)
    names["tokenized_chat"] = tokenizer.apply_chat_template(
        names["messages"], add_generation_prompt=True, return_tensors="pt", return_dict=False)
    names["input_shape"] = names["tokenized_chat"].shape[-1]
    names["self"] = types.SimpleNamespace(gpt4_ans=names["ans"])
    exec(code["attention"], names)
    attention = names["result"]
    exec(code["gradient"], names)
    gradient = names["result"]
    names["result"] = {**gradient, "Attention": attention["Attention"]}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code["display"], names)
    return attention, gradient, printed.getvalue()
