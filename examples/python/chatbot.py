"""Why did the chatbot answer this? The original toolbox's example, on a GGUF file.

    python examples/python/chatbot.py [MODEL.gguf] [REPORT.html]

Without arguments: the demo model (93 MB, downloaded once) and no report.
"""

import os
import sys

import explainer

here = os.path.dirname(os.path.abspath(__file__))


def text(name):
    with open(os.path.join(here, "..", "chatbot", name), encoding="utf-8") as file:
        return file.read().rstrip("\n")


model = explainer.load(sys.argv[1] if len(sys.argv) > 1 else explainer.demo_model())
result = model.explain(system=text("system.txt"), user=text("user.txt"), label=text("label.txt"),
                       method=["attention", "gradient"],
                       views=["attention", "neuron"] if len(sys.argv) > 2 else ["none"])

print("Answer:", result.answer_text)
print("\nThe ten prompt tokens that the loss of the expected answer depends on most:")
saliency = result["Gradient"]["saliency_map"]
for place in sorted(range(len(saliency)), key=lambda i: -saliency[i])[:10]:
    print(f"  {saliency[place]:.3f}  {result['Prompt'][place]!r}")

attention = result.attention["mean_group"]
print("\nWhat each of the first words of the answer attended to most:")
for row, word in enumerate(result["Decode_output"][:5]):
    print(f"  {word!r}: {result['Prompt'][attention[row].argmax()]!r}")

if len(sys.argv) > 2:
    result.save(sys.argv[2])
    print(f"\nThe whole report: {sys.argv[2]}")
