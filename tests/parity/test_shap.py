"""SHAP 0.51, on the value function of the transformers model: coalitions of prompt tokens to log-probabilities."""

import unittest

import numpy as np
import shap
from subject import PROMPT, difference, subject
from support import assert_measured

UNITS = len(PROMPT)
NONE, ALL = np.zeros((1, UNITS)), np.ones((1, UNITS))


class Shap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.value = staticmethod(subject().of_coalitions)
        cls.exact = subject().scores("shapley", per_token=True)

    def test_exact_explainer(self):
        expected = shap.explainers.Exact(self.value, NONE)(ALL).values[0].T
        assert_measured(self, difference(self.exact, expected), 1.6e-7)

    def test_kernel_explainer_of_all_coalitions(self):
        expected = shap.KernelExplainer(self.value, NONE).shap_values(ALL, nsamples=2**UNITS, l1_reg=0)[0].T
        assert_measured(self, difference(subject().scores("kernel_shap", per_token=True), expected), 1.6e-7)

    def test_estimates(self):
        """60 of 256 coalitions. Both draw for themselves, so the estimates differ. From the exact values they are
        equally far: 0.126 (SHAP) and 0.118 (ours), means over ten seeds."""
        theirs, ours = [], []
        explainer = shap.KernelExplainer(self.value, NONE)
        for seed in range(10):
            np.random.seed(seed)
            estimate = explainer.shap_values(ALL, nsamples=60, l1_reg=0, silent=True)[0].T
            theirs.append(difference(estimate, self.exact))
            ours.append(difference(subject().scores("kernel_shap", samples=60, seed=seed, per_token=True), self.exact))
        assert_measured(self, np.mean(ours), 0.12)
        self.assertLess(np.mean(ours), 1.5 * np.mean(theirs))


if __name__ == "__main__":
    unittest.main()
