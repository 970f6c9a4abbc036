"""Which parts of an article does its summary depend on? Uses the original toolbox's Preprocessor.

    python examples/python/summarization.py MODEL_DIRECTORY

A Hugging Face directory of an encoder-decoder such as T5.
"""

import sys

from explainer import Explainer, ModelExplanationTask
from explainer.attribute import Preprocessor

example = [{
    "text": "Malaysia has tackled poverty over the last four decades by drawing on its natural resources. "
            "Some 49% of Malaysians in 1970 were extremely poor, and that figure is 1% today.",
    "summary": "Malaysia has reduced extreme poverty from 49% to 1%.",
}]
prepared = Preprocessor(input_text=example, task_type=ModelExplanationTask.SUMMARIZATIONS,
                        model_name_or_path=sys.argv[1], model_config_path={"prefix": "summarize: "})
inputs_all, inputs = prepared()

with Explainer(model=prepared.model, method=["Gradient", "InputXGradient"]) as explain:
    output = prepared.model.generate(inputs["input_ids"], max_length=30, return_dict_in_generate=True)
    result = explain.compute(tokenizer=prepared.tokenizer, output=output, input_ids=inputs_all["input_ids"],
                             labels=inputs_all["labels"][0], task_type=ModelExplanationTask.SUMMARIZATIONS, unit="word")

print("Summary:", result.answer_text)
one = result.attributions[0]
words = sorted(zip(one["scores"].sum(0), one["units"]), key=lambda pair: -abs(pair[0]))
for score, unit in words[:10]:
    print(f"  {score:+.3f}  {unit['text'].strip()!r}")
