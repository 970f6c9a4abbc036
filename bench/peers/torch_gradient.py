"""PyTorch's side: the gradient of an answer's log-probability at the embeddings of the text.

usage: torch_gradient.py MODEL.gguf TEXT.json float32|bfloat16

The weights are those of the GGUF file, dequantised by transformers. Prints, as JSON, the seconds of one gradient (after
one to warm up where the text is short), the log-probability and the process's peak memory in bytes.
"""

from __future__ import annotations

import json
import pathlib
import resource
import sys
import time

import torch
from transformers import AutoModelForCausalLM


def main() -> None:
    path = pathlib.Path(sys.argv[1])
    text = json.loads(pathlib.Path(sys.argv[2]).read_text())
    torch.set_num_threads(text["threads"])
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=getattr(torch, sys.argv[3]))
    model.eval().requires_grad_(False)
    ids = torch.tensor([text["prompt"] + text["answer"]])
    answer = len(text["answer"])

    def gradient() -> tuple[float, float]:
        began = time.perf_counter()
        embeddings = model.get_input_embeddings()(ids).detach().requires_grad_(True)
        hidden = model.model(inputs_embeds=embeddings, use_cache=False).last_hidden_state
        logits = model.lm_head(hidden[:, -answer - 1:-1]).float()
        value = torch.log_softmax(logits, -1).gather(-1, ids[:, -answer:, None]).sum()
        value.backward()
        return time.perf_counter() - began, value.item()

    if ids.shape[1] < 1024:
        gradient()
    seconds, value = gradient()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "value": value, "memory": memory}))


main()
