"""PECoRe's two steps (Sarti et al. 2024): which answer tokens need the context, and what of it causes each."""

from __future__ import annotations

import numpy as np

from independent.game import Floats
from independent.gradients import Slope
from independent.llama import Llama, log_softmax
from independent.targets import Target


def _logs(model: Llama, prompt: list[int], answer: list[int]) -> Floats:
    logits = model.run(model.embed(np.array(prompt + answer))).logits
    return np.asarray(log_softmax(logits[len(prompt) - 1:-1]), np.float64)


def sensitivity(model: Llama, prompt: list[int], answer: list[int], context: list[int]) -> Floats:
    """KL of each answer token's distribution from that without the context's tokens."""
    with_it = _logs(model, prompt, answer)
    without = _logs(model, [one for row, one in enumerate(prompt) if row not in context], answer)
    return (np.exp(with_it) * (with_it - without)).sum(axis=-1)


def causes(model: Llama, prompt: list[int], answer: list[int], context: list[int], token: int) -> Floats:
    """The size of the gradient of log p(token) - log p(rival), at each of the context's tokens."""
    without = _logs(model, [one for row, one in enumerate(prompt) if row not in context], answer)[token]
    rival = max((one for one in range(len(without)) if one != answer[token]), key=lambda one: without[one])
    # The logits of both, whose difference is that of the log-probabilities.
    rivals = answer[:token] + [rival]
    of_answer = Slope(model, prompt, answer, [Target("logit", token, token + 1)])
    of_rival = Slope(model, prompt, rivals, [Target("logit", token, token + 1)])
    gradient = of_answer.gradient(of_answer.input)[0] - of_rival.gradient(of_rival.input)[0]
    return np.linalg.norm(gradient[context], axis=-1)
