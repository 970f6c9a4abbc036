"""Which words of the source does each word of a translation attend to?

    python examples/python/translation.py MODEL_DIRECTORY

MODEL_DIRECTORY is a Hugging Face directory of an encoder-decoder such as T5.
"""

import sys

import explainer
from explainer import Explainer

model = explainer.AutoModelForSeq2SeqLM.from_pretrained(sys.argv[1])
tokenizer = explainer.AutoTokenizer.from_pretrained(sys.argv[1])
input_ids = tokenizer("translate English to German: The house is small.", return_tensors="np").input_ids

with Explainer(module=model, method=["Attention", "Gradient"]) as explain:
    output = model.generate(input_ids, max_new_tokens=40, num_beams=2, return_dict_in_generate=True)
    result = explain.compute(tokenizer=tokenizer, output=output, input_ids=input_ids, task_type="translation")

print("Translation:", result.answer_text)
cross = result.attention["mean"]  # [answer, source]: softmax weights, mean over heads and blocks
for row, word in enumerate(result["Decode_output"]):
    print(f"  {word!r} attends most to {result['Prompt'][cross[row].argmax()]!r}")
