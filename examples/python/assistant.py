"""Speculative decoding: a smaller model drafts the answer, the large one verifies it.

    python examples/python/assistant.py [MODEL.gguf [ASSISTANT.gguf]]

Without an assistant, drafts are looked up in the prompt.
"""

import sys

import explainer
from explainer import Explainer

path = sys.argv[1] if len(sys.argv) > 1 else explainer.demo_model()
model = explainer.AutoModelForCausalLM.from_pretrained(path)
tokenizer = explainer.AutoTokenizer.from_pretrained(path)
drafts = ({"assistant_model": explainer.load(sys.argv[2])} if len(sys.argv) > 2 else {"prompt_lookup_num_tokens": 5})

messages = [{"role": "user", "content": "Repeat this sentence: The quick brown fox jumps over the lazy dog."}]
input_ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="np")

with Explainer(module=model, method=["Attention", "Gradient"]) as explain:
    output = model.generate(input_ids, max_new_tokens=30, return_dict_in_generate=True, **drafts)
    result = explain.compute(tokenizer=tokenizer, output=output, input_ids=input_ids,
                             task_type="generative_text_chat_assistant")

print("Answer:", result.answer_text)
print("Drafted and accepted tokens per round:", output.generation.n_drafted, output.generation.n_matches)
print(result.to_pandas().query("method == 'gradient saliency_map'").nlargest(5, "score")[["text", "score"]])
