"""Scores as one long pandas table."""

from explainer.errors import UsageError


def _rows(method, objective, texts, kinds, targets, scores, errors=None):
    for t, target in enumerate(targets):
        for u, text in enumerate(texts):
            row = {"method": method, "objective": objective, "target": t, "target_text": target, "unit": u,
                   "text": text, "kind": kinds[u], "score": float(scores[t][u])}
            if errors is not None:
                row["standard_error"] = float(errors[t][u])
            yield row


def frame(result):
    """See `Result.to_pandas`."""
    try:
        import pandas
    except ImportError:
        raise UsageError("to_pandas: pandas is not installed; expected pip install 'llm-explainer[pandas]'") from None
    prompt, answer, rows = result["Prompt"], result["Decode_output"], []
    tokens = ["token"] * len(prompt)
    if result.attention is not None:
        attention = result.attention
        if len(attention["pair_attention"]):
            rows += _rows("attention pair_result", "", prompt, tokens, [result.answer_text],
                          [attention["pair_attention"]])
        rows += _rows("attention mean_group", "", prompt, tokens, answer, attention["mean_group"])
    if result.gradient is not None:
        rows += _rows("gradient saliency_map", result.objective, prompt, tokens, [result.answer_text],
                      [result.gradient["saliency_map"]])
    for one in result.attributions:
        rows += _rows(one["method"], one["objective"], [unit["text"] for unit in one["units"]],
                      [unit["kind"] for unit in one["units"]], [target["text"] for target in one["targets"]],
                      one["scores"], one["standard_errors"])
    return pandas.DataFrame(rows)


__all__ = ["frame"]
