"""Interpreto 0.5. It puts a space before the answer, so the answer that is explained here begins with one.

Its integrated gradients are the mean of the products' sizes along the path, which have no sign and do not sum to what
the answer gains; its KernelSHAP and LIME draw for themselves. Neither is compared.
"""

import unittest

import numpy as np
from interpreto import Granularity, Occlusion, Saliency
from interpreto.attributions import InferenceModes
from subject import ABSENT, ANSWER, PROMPT, difference, subject
from support import assert_measured


class Interpreto(unittest.TestCase):
    def theirs(self, method, mode, **options):
        """[answer, prompt]"""
        tokenizer = subject().tokenizer
        tokenizer.mask_token = tokenizer.convert_ids_to_tokens(ABSENT)  # else it adds a token to the model
        explainer = method(subject().fresh().requires_grad_(True), tokenizer, granularity=Granularity.ALL_TOKENS,
                           inference_mode=mode, **options)
        found = explainer.explain(tokenizer.decode(PROMPT), tokenizer.decode(ANSWER))[0]
        return np.asarray(found.attributions)[:, :len(PROMPT)]

    def ours(self, method, measure):
        space = subject().tokenizer.encode(" ", add_special_tokens=False)
        return subject().scores(method, answer_ids=space + ANSWER, per_token=True, measure=measure)

    def test_saliency(self):
        for measure, mode in (("logit", InferenceModes.LOGITS), ("logprob", InferenceModes.LOG_SOFTMAX)):
            with self.subTest(measure):
                expected = self.theirs(Saliency, mode, input_x_gradient=False)
                assert_measured(self, difference(self.ours("saliency:norm=mean_abs", measure), expected), 1.2e-6)

    def test_occlusion(self):
        for measure, mode in (("logit", InferenceModes.LOGITS), ("logprob", InferenceModes.LOG_SOFTMAX)):
            with self.subTest(measure):
                expected = self.theirs(Occlusion, mode)
                assert_measured(self, difference(self.ours("leave_one_out", measure), expected), 8.3e-7)


if __name__ == "__main__":
    unittest.main()
