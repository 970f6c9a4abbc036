"""Results to be shown, small enough to be checked by hand."""

import copy
import math

WORDS = ["You", " are", " brief", ".", "\n", "When", " is", " the", " shop", " open", "?"]
ANSWER = ["From", " eight", " to", " five", "."]


def scores(rows, columns, seed=0):
    """Numbers of both signs, none equal in size, all of few digits."""
    return [[round(math.sin(1.7 * (r * columns + c + seed) + 0.3 * r) * (1 + (r * columns + c) % 7), 4) for c in range(columns)]
            for r in range(rows)]


def units(tokens, first=0):
    return [{"text": t, "kind": "token", "tokens": [first + i, first + i + 1]} for i, t in enumerate(tokens)]


def attribution(prompt, answer, method="input_x_gradient", signed=True, per_token=True, seed=0, **more):
    n = len(prompt)
    places = [[n + t, n + t + 1] for t in range(len(answer))] if per_token else [[n, n + len(answer)]]
    texts = answer if per_token else ["".join(answer)]
    table = scores(len(places), n, seed)
    if not signed:
        table = [[abs(v) for v in row] for row in table]
    entry = {"method": method, "options": {}, "objective": "logprob of each answer token" if per_token else "logprob of the answer",
             "signed": signed, "units": units(prompt),
             "targets": [{"text": t, "tokens": p, "value": -0.5} for t, p in zip(texts, places)],
             "scores": table, "completeness": None, "faithfulness": None}
    entry.update(more)
    return entry


def alternatives(prompt, answer, count=3):
    n = len(prompt)
    targets = [{"text": answer[t] if k == 0 else f" other{k}", "tokens": [n + t, n + t + 1], "value": math.log(0.6 / 2 ** k)}
               for t in range(len(answer)) for k in range(count)]
    return {"method": "saliency", "options": {"norm": "l2"}, "objective": f"logprob of the {count} most probable tokens at each place of the answer",
            "signed": False, "units": units(prompt), "targets": targets,
            "scores": [[abs(v) for v in row] for row in scores(len(targets), n, 5)], "completeness": None, "faithfulness": None}


def faithfulness():
    def beside(value, random):
        return {"value": value, "random": random, "random_deviation": 0.05, "p_value": 0.01}
    fractions = [round(0.1 * i, 1) for i in range(11)]
    return {"comprehensiveness": beside(0.6, 0.3), "sufficiency": beside(0.1, 0.3), "deletion_area": beside(0.2, 0.4),
            "insertion_area": beside(0.6, 0.4), "kendall_tau": beside(0.5, 0.0), "fractions": fractions,
            "deletion": [0.9 * (1 - f) ** 2 for f in fractions], "insertion": [0.9 * math.sqrt(f) for f in fractions],
            "random_deletion": [0.9 * (1 - f) for f in fractions], "random_insertion": [0.9 * f for f in fractions],
            "random_seeds": 5, "absence": "token"}


def completeness(rows, residual):
    return {"f_input": [-0.5] * rows, "f_baseline": [-2.5] * rows, "residual": [residual] * rows}


def result(prompt=None, answer=None, attributions=None, messages=None, model="tiny.gguf", kind="decoder", **more):
    """A result as `llmx explain --json` writes it."""
    prompt = list(WORDS if prompt is None else prompt)
    answer = list(ANSWER if answer is None else answer)
    if attributions is None:
        attributions = [attribution(prompt, answer)]
    command = {"model": model, "unit": "token"}
    if messages is None and prompt == WORDS:
        messages = [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "When is the shop open?"}]
    if messages:
        command["messages"] = messages
    found = {"schema": "llm-explainer/1", "version": "0.1.0", "command": command,
             "model": {"path": model, "sha256_16": "0123456789abcdef", "name": "tiny", "architecture": "llama", "kind": kind,
                       "parameters": 1000000, "type": "F32", "blocks": 2, "heads": 2, "kv_heads": 1, "embedding": 32},
             "task": "generative_text_chat", "prompt_text": "".join(prompt), "answer_text": "".join(answer), "label_text": "",
             "prompt_ids": list(range(len(prompt))), "answer_ids": list(range(len(answer))), "label_ids": [],
             "token_logprobs": [round(-0.1 * (t + 1), 2) for t in range(len(answer))],
             "objective": {"name": "generated", "value": -1.5}, "Prompt": prompt, "Decode_output": answer,
             "Prediction": "".join(answer), "partial_tokens": [], "attributions": attributions,
             "timings_s": {"load": 0.1, "total": 1.0}, "peak_rss_bytes": 1000000, "warnings": []}
    found.update(more)
    return copy.deepcopy(found)


def with_original(base):
    """... with the original toolbox's attention and gradient."""
    p, t = len(base["Prompt"]), len(base["Decode_output"])

    def positive(table):
        return [[round(abs(v) / 10, 5) for v in row] for row in table]
    base["Attention"] = {"pair_result": {"attention": positive(scores(1, p, 3))[0], "attention_mean": positive(scores(1, p, 4))[0], "block": 0},
                         "attention_result": {"mean_group_df": scores(t, p, 6), "blocks": [0, 1], "blocks_without": []},
                         "mean": positive(scores(t, p + t, 7))}
    base["Gradient"] = {"saliency_map": positive(scores(1, p, 8))[0], "block_gradient_x_input": positive(scores(2, p, 9))}
    return base
