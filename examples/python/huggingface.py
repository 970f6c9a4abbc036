"""Explains a transformers model that is already in memory; its own generate writes the answer.

    python examples/python/huggingface.py MODEL

Needs pip install 'llm-explainer[hf]'.
"""

import sys

from explainer import Explainer
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
input_ids = tokenizer("The quick brown fox", return_tensors="pt")["input_ids"]

with Explainer(module=model, method=["Attention", "Gradient", "LeaveOneOut"]) as explain:
    output = model.generate(input_ids, max_new_tokens=10, do_sample=False, return_dict_in_generate=True)
    result = explain.compute(tokenizer=tokenizer, output=output, input_ids=input_ids)

print("Answer:", result.answer_text)
for unit, score in zip(result.attributions[0]["units"], result.attributions[0]["scores"][0]):
    print(f"  {score:+.3f}  {unit['text']!r}")
