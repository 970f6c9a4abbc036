"""Inseq 0.7. It explains each answer token by the prompt and the answer tokens before it, as `sources` all does. Its
token that stands for absence is the tokenizer's unknown token, id 0 here."""

import unittest

import inseq
import numpy as np
import torch
from subject import ANSWER, PROMPT, difference, subject
from support import assert_measured

ROWS = len(PROMPT) + len(ANSWER) - 1  # the last answer token explains nothing
LOGPROB = {"attributed_fn": "probability", "logprob": True}


class Inseq(unittest.TestCase):
    def theirs(self, method, **options):
        """[rows, answer, ...]; NaN where a row comes after the token that is explained."""
        tokenizer = subject().tokenizer
        model = inseq.load_model(subject().fresh().requires_grad_(True), method, tokenizer=tokenizer)
        found = model.attribute(tokenizer.decode(PROMPT), tokenizer.decode(PROMPT + ANSWER), show_progress=False,
                                **options)
        return torch.nan_to_num(found.sequence_attributions[0].target_attributions.double())[:ROWS]

    def ours(self, method, **options):
        return subject().scores(method, per_token=True, sources="all", **options)[:, :ROWS].T

    def test_saliency(self):
        for measure, options, error in (("logprob", LOGPROB, 5.6e-7), ("logit", {"attributed_fn": "logit"}, 9.3e-7)):
            with self.subTest(measure):
                expected = self.theirs("saliency", **options).norm(dim=-1)
                assert_measured(self, difference(self.ours("saliency", measure=measure), expected), error)

    def test_input_x_gradient(self):
        """Inseq shows the norm of the products by default; their sum is compared here."""
        expected = self.theirs("input_x_gradient", **LOGPROB).sum(dim=-1)
        assert_measured(self, difference(self.ours("input_x_gradient"), expected), 3.5e-6)

    def test_integrated_gradients(self):
        expected = self.theirs("integrated_gradients", n_steps=20, **LOGPROB).sum(dim=-1)
        got = self.ours("integrated_gradients", steps=20, baseline_token=0)
        assert_measured(self, difference(got, expected), 8.4e-6)

    def test_occlusion(self):
        """Inseq shows the size of a loss without its sign."""
        got = np.abs(self.ours("leave_one_out", baseline_token=0))
        assert_measured(self, difference(got, self.theirs("occlusion", **LOGPROB)), 1.3e-6)

    def test_attention(self):
        weights = self.theirs("attention")  # [rows, answer, blocks, heads]
        assert_measured(self, difference(self.ours("attention_weights"), weights.mean(dim=(2, 3))), 3.2e-7)
        assert_measured(self, difference(self.ours("attention_weights:layer=1:head=2"), weights[:, :, 1, 2]), 2.3e-7)


if __name__ == "__main__":
    unittest.main()
