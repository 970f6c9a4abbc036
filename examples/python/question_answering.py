"""Which words of a text make an encoder choose its answer?

    python examples/python/question_answering.py MODEL_DIRECTORY

MODEL_DIRECTORY is a Hugging Face directory of a BERT, RoBERTa or DistilBERT with a question-answering head.
"""

import sys

import explainer
from explainer import Explainer, ModelExplanationTask

model = explainer.AutoModelForQuestionAnswering.from_pretrained(sys.argv[1])
tokenizer = explainer.AutoTokenizer.from_pretrained(sys.argv[1])
question, context = "Who came at noon?", "Ada came at noon, and Grace came later."
inputs = tokenizer(question, context, return_tensors="np")

with Explainer(module=model, method=["Attention", "Gradient"]) as explain:
    result = explain.compute(tokenizer=tokenizer, input_ids=inputs.input_ids, token_type_ids=inputs.token_type_ids,
                             task_type=ModelExplanationTask.QUESTION_ANSWERING)

print("Answer:", result.answer_text, result.span["score"])
for token, score in zip(result["Prompt"], result["Gradient"]["saliency_map"]):
    print(f"  {score:.3f}  {token!r}")
