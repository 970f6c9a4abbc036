"""Scores as one long pandas table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from explainer import _core
from explainer.errors import UsageError


def _rows(method: str, objective: str, units: Sequence[Mapping[str, Any]], targets: Sequence[str], scores: Any,
          errors: Any = None) -> Iterator[dict[str, Any]]:
    for t, target in enumerate(targets):
        for u, unit in enumerate(units):
            row = {"method": method, "objective": objective, "target": t, "target_text": target, "unit": u,
                   "text": unit["text"], "kind": unit["kind"], "score": float(scores[t][u])}
            if errors is not None:
                row["standard_error"] = float(errors[t][u])
            yield row


def frame(core: _core.Result, prompt: Sequence[str], answer: Sequence[str]) -> Any:
    """See `Result.to_pandas`. prompt, answer: the tokens' texts."""
    try:
        import pandas
    except ImportError:
        raise UsageError("to_pandas: pandas is not installed; expected pip install 'llm-explainer[pandas]'") from None
    tokens = [{"text": text, "kind": "token"} for text in prompt]
    attention: Any = core.attention
    gradient: Any = core.gradient
    attributions: Any = core.attributions
    rows: list[dict[str, Any]] = []
    if attention is not None:
        if len(attention["pair_attention"]):
            rows += _rows("attention pair_result", "", tokens, [core.answer_text], [attention["pair_attention"]])
        rows += _rows("attention mean_group", "", tokens, answer, attention["mean_group"])
    if gradient is not None:
        rows += _rows("gradient saliency_map", core.objective, tokens, [core.answer_text], [gradient["saliency_map"]])
    for one in attributions:
        rows += _rows(one["method"], one["objective"], one["units"], [target["text"] for target in one["targets"]],
                      one["scores"], one["standard_errors"])
    return pandas.DataFrame(rows)


__all__ = ["frame"]
