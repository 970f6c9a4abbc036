"""A user's file, under `mypy --strict`: what is right has no errors, and what is wrong has one (`unused-ignore` says if
not). test_types.py runs both mypy and the file."""

from __future__ import annotations

import sys

import explainer
import numpy as np
import numpy.typing as npt


def scores(result: explainer.Result) -> npt.NDArray[np.float32]:
    found = result.attributions["leave_one_out"]
    first = result.attributions[0]
    text: str = first["units"][0]["text"]
    last: int = first["targets"][0]["tokens"][1]
    total = float(found["scores"].sum()) + float(result.token_logprobs.mean()) + result.gradient["saliency_map"].sum()
    print(text, last, total, result.perplexity, result.model["architecture"], result.warnings)
    if found["faithfulness"] is not None:
        print(found["faithfulness"]["comprehensiveness"]["value"])
    return found["scores"]


def stop_never(stage: str, done: float) -> bool:
    return True


def main(path: str) -> None:
    model = explainer.load(path, threads=1, lora=None)
    result = model.explain(prompt_ids=[[5, 9, 12, 7, 3]], answer_ids=np.array([8, 4, 6]), method=["gradient",
                           "leave_one_out"], target_span=(1, 3), unit="spans", unit_spans=[(0, 3), "3:5"],
                           progress=stop_never)
    print(scores(result).shape, result.copy().attention is None)
    again = explainer.load_result(result.to_json())
    print(again.compare(result)["comparisons"][0]["method"], explainer.explain(model, prompt_ids="5,9", answer_ids=[8]))
    output = model.generate([5, 9], max_new_tokens=2, return_dict_in_generate=True)
    ids = model.generate([5, 9], max_new_tokens=2)
    print(output.sequences.shape, ids[0].tolist(), model.tokenizer("the cat")["input_ids"])
    with explainer.Explainer(module=model, method=["Attention", "Gradient"]) as explain:
        print(list(explain.compute(input_ids=[5, 9], output=ids, unit="word", input_shape=2)))


def mistakes(model: explainer.Model, result: explainer.Result) -> None:
    model.explain(methd="gradient")  # type: ignore[call-arg]
    model.explain(steps="many")  # type: ignore[arg-type]
    model.explain(unit="letter")  # type: ignore[arg-type]
    model.explain(target_span=(1, 2, 3))  # type: ignore[arg-type]
    explainer.load("x", thread=1)  # type: ignore[call-arg]
    print(result.saliency)  # type: ignore[attr-defined]
    print(result.gradient["saliency"])  # type: ignore[typeddict-item]
    print(result.attributions[0]["score"])  # type: ignore[typeddict-item]
    explainer.Explainer(model).compute(input_ids=[5], output=[5, 9], unt="word")  # type: ignore[call-arg]
    result.plot(width="960")  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1])
