"""What an explanation is: the original's dict, every number as a NumPy array, and ways to look at it."""

from __future__ import annotations

import json
import os
from typing import Any

from explainer import _core
from explainer.errors import UsageError
from explainer.inline import inline
from explainer.tables import LazyDict, Later, mean_group_table, median_raw_table, pair_table

_FORMS = {".json": "json", ".html": "html", ".safetensors": "safetensors"}


class Picture:
    """An SVG drawing. Shown as it is in notebooks; `save` writes it."""

    def __init__(self, svg):
        self.svg = svg

    def _repr_svg_(self):
        return self.svg

    def __repr__(self):
        return f"Picture({len(self.svg)} bytes of SVG)"

    def save(self, path: str | os.PathLike) -> None:
        """Writes an SVG file."""
        path = os.fspath(path)
        if not path.endswith(".svg"):
            raise UsageError(f"picture: {path}; expected a name that ends in .svg (llmx plot writes PNG)")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)


class Result(LazyDict):
    """The original's keys: `Prompt`, `Prediction`, `Decode_output`, and of the methods that were asked for `Attention`
    and `Gradient`; `attributions` of the further methods. Everything else is an attribute:

    prompt_ids [P], answer_ids [T], label_ids [G]: int32. token_logprobs [T]: float32, natural logarithms.
    attention: None or dict; mean_group [T, P], median_raw [T, blocks, heads, P], mean [T, P + T], weights (if kept:
        a list of [heads, rows, P + T]), pair_attention [P], ...
    gradient: None or dict; saliency_map [P], block_gradient_x_input [blocks, P], gradient and input_embeddings
        [P, embedding], ...
    attributions: list of dict; method, units, targets, scores [targets, units], completeness, faithfulness, ...
    hidden (if kept), span (question answering), logit_lens (if asked for), timings, peak_rss, warnings.

    Arrays share the engine's memory: they are read-only, and keep it alive. Raw numbers that a file does not hold are
    None in a result that was read from one (gradient["gradient"], attention["median_raw"]).
    """

    def __init__(self, core, *, tokenizer=None):
        super().__init__()
        self.core = core
        decode = _decoder(core, tokenizer)
        self["Prompt"] = decode(core.prompt_ids, core.prompt)
        self["Prediction"] = core.prediction
        self["Decode_output"] = decode(core.answer_ids, core.decode_output)
        if core.attention is not None:
            self["Attention"] = LazyDict(pair_result=Later(lambda: pair_table(self["Prompt"], core.attention)),
                                         attention_result=LazyDict(
                                             mean_group_df=Later(lambda: mean_group_table(core.attention)),
                                             median_raw_df=Later(lambda: median_raw_table(core.attention))))
        if core.gradient is not None:
            gradient = core.gradient
            self["Gradient"] = {key: gradient[key]
                                for key in ("saliency_map", "block_gradient_x_input", "gradient")}
        if core.attributions:
            self["attributions"] = core.attributions

    def __getattr__(self, name):
        if name.startswith("_") or name == "core":
            raise AttributeError(name)
        return getattr(self.core, name)

    def __repr__(self):
        methods = [key for key in ("Attention", "Gradient") if key in self]
        methods += [one["method"] for one in self.get("attributions", [])]
        return (f"Result({self.core.task}, {', '.join(methods)}; {len(self['Prompt'])} prompt tokens; "
                f"answer {self.core.answer_text[:60]!r})")

    def __reduce__(self):
        raise TypeError("a Result cannot be pickled without loss; save it, or send to_json() and use load_result")

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__

    def to_json(self, raw: bool = False) -> str:
        """str: the result as `llmx explain --json` writes it. `raw`: with median_raw_df and the gradient, too."""
        return self.core.json(raw)

    def to_dict(self, raw: bool = False) -> dict[str, Any]:
        """The same as Python's own dicts and lists."""
        return json.loads(self.to_json(raw))

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each list of scores, target and unit: method, objective, target, target_text,
        unit, text, kind, score (and standard_error, where there is one). Needs pandas."""
        from explainer.frames import frame

        return frame(self)

    def save(self, path: str | os.PathLike, raw: bool = False) -> None:
        """Writes FILE.json (`explainer.load_result` reads it), FILE.html (a page of its own) or FILE.safetensors (the
        raw tensors), by the name's ending. Temporary name, then renamed. Raises OutputError."""
        form = _FORMS.get(os.path.splitext(os.fspath(path))[1])
        if form is None:
            raise UsageError(f"save: {os.fspath(path)}; expected a name that ends in {', '.join(_FORMS)}")
        self.core.save(os.fspath(path), form, raw)

    @staticmethod
    def load(path: str | os.PathLike) -> Result:
        """The same as `explainer.load_result`."""
        return load_result(path)

    def plot(self, kind: str = "text", method: str = "", width: int = 960) -> Picture:
        """A `Picture`. kind: text (the prompt in colours), matrix (answer x prompt), curve (faithfulness)."""
        return Picture(self.core.svg(kind, method, width))

    def to_html(self) -> str:
        """str: the whole report, one page that loads nothing."""
        return self.core.html()

    def _repr_html_(self):
        return inline(self.to_html())

    def compare(self, other: Result, *, top: int = 10, differences: int = 10,
                align_text: bool = False) -> dict[str, Any]:
        """How much this result and `other` agree: dict of comparisons (method, total: spearman, kendall, cosine,
        overlap; targets; differences), only_first, only_second. Raises InputError where they cannot be compared."""
        return _core.compare(self.core, other.core, top, differences, align_text)


def load_result(source: str | bytes | os.PathLike) -> Result:
    """A result that was saved: a path, or the JSON itself."""
    text = os.fspath(source) if not isinstance(source, bytes) else source.decode()
    if not text.lstrip().startswith("{"):
        with open(text, encoding="utf-8") as file:
            return Result(_core.read(file.read(), text))
    return Result(_core.read(text, "result"))


def _decoder(core, tokenizer):
    """Tokens one by one, as the caller's own tokenizer has them; else as the engine has."""
    from explainer.tokenizer import Tokenizer

    if tokenizer is None or isinstance(tokenizer, Tokenizer):
        return lambda ids, decoded: decoded
    return lambda ids, decoded: [tokenizer.decode([int(token)]) for token in ids]


__all__ = ["Picture", "Result", "load_result"]
