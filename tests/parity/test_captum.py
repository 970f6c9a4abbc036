"""Captum 0.9. Numbers beside the comparisons are what was measured; assert_measured allows three times as much."""

import unittest

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import (
    FeatureAblation,
    InputXGradient,
    IntegratedGradients,
    KernelShap,
    LayerGradientXActivation,
    LayerIntegratedGradients,
    LimeBase,
    LLMAttribution,
    LLMGradientAttribution,
    Occlusion,
    Saliency,
    ShapleyValues,
    ShapleyValueSampling,
    TextTokenInput,
)
from independent import draws
from subject import ABSENT, ANSWER, PROMPT, difference, subject
from support import assert_measured

UNITS = len(PROMPT)


class Gradients(unittest.TestCase):
    def setUp(self):
        self.subject = subject()
        self.input = self.subject.table[PROMPT].unsqueeze(0).requires_grad_()
        self.value = lambda embeddings: self.subject.log_probabilities(embeddings).sum(dim=1)

    def test_saliency(self):
        gradient = Saliency(self.value).attribute(self.input, abs=False)
        assert_measured(self, difference(self.subject.scores("saliency"), gradient.norm(dim=-1)), 5.6e-7)
        assert_measured(self, difference(self.subject.scores("saliency:norm=max_abs"),
                                         gradient.abs().max(dim=-1).values), 5.2e-7)

    def test_input_x_gradient(self):
        products = InputXGradient(self.value).attribute(self.input).sum(dim=-1)
        assert_measured(self, difference(self.subject.scores("input_x_gradient"), products), 1.2e-6)

    def test_integrated_gradients(self):
        """Captum's trapezoid has weights that sum to (n - 1)/n: its scores are ours times 19/20."""
        steps = 20
        method = IntegratedGradients(self.value)
        baselines = {"token": self.subject.table[[ABSENT] * UNITS].unsqueeze(0), "zero": torch.zeros_like(self.input)}
        for rule, theirs, share in (("gauss_legendre", "gausslegendre", 1), ("midpoint", "riemann_middle", 1),
                                    ("trapezoid", "riemann_trapezoid", (steps - 1) / steps)):
            for baseline, point in baselines.items():
                with self.subTest(rule=rule, baseline=baseline):
                    got = self.subject.scores("integrated_gradients", steps=steps, rule=rule, baseline=baseline)
                    expected = method.attribute(self.input, baselines=point, n_steps=steps, method=theirs).sum(dim=-1)
                    assert_measured(self, difference(got * share, expected), 3.1e-6)

    def test_at_a_layer(self):
        """Gradient times activation after block 1, of the prompt's rows."""
        model = self.subject.theirs
        whole = self.subject.table[PROMPT + ANSWER].unsqueeze(0).requires_grad_()

        def value(embeddings):
            logs = model(inputs_embeds=embeddings).logits[:, UNITS - 1:-1].log_softmax(dim=-1)
            return logs[:, torch.arange(len(ANSWER)), ANSWER].sum(dim=1)

        found = LayerGradientXActivation(value, model.model.layers[1]).attribute(whole)
        found = found[0] if isinstance(found, tuple) else found
        got = self.subject.scores("input_x_gradient", layer=1)
        assert_measured(self, difference(got, found.sum(dim=-1)[:, :UNITS]), 3.4e-7)


class Perturbation(unittest.TestCase):
    def setUp(self):
        self.subject = subject()
        self.input = torch.tensor([PROMPT])

    def total(self, ids):
        return self.subject.log_probabilities(ids).sum(dim=1)

    def test_feature_ablation(self):
        got = self.subject.scores("leave_one_out", per_token=True)
        expected = FeatureAblation(self.subject.log_probabilities).attribute(self.input, baselines=ABSENT)
        assert_measured(self, difference(got, expected), 2.8e-7)

    def test_occlusion(self):
        for stride, error in ((1, 3.1e-7), (2, 3.9e-7)):
            with self.subTest(stride=stride):
                got = self.subject.scores("occlusion", window=3, stride=stride)
                expected = Occlusion(self.total).attribute(self.input, sliding_window_shapes=(3,), strides=(stride,),
                                                           baselines=ABSENT)
                assert_measured(self, difference(got, expected), error)

    def test_shapley_values(self):
        """Over five units of one or two tokens: Captum walks through all orders."""
        expected = ShapleyValues(self.subject.log_probabilities).attribute(
            self.input, baselines=ABSENT, feature_mask=torch.tensor([[0, 0, 1, 1, 2, 2, 3, 4]]))
        spans = [(0, 2), (2, 4), (4, 6), (6, 7), (7, 8)]  # characters, which are tokens here
        got = self.subject.scores("shapley", per_token=True, unit="spans", unit_spans=spans)
        assert_measured(self, difference(got, expected[0][:, [0, 2, 4, 6, 7]]), 7.9e-7)

    def test_shapley_value_sampling(self):
        """With our orders, each followed by its reverse."""
        method = ShapleyValueSampling(self.subject.log_probabilities)
        orders = [one for order in draws.orders(UNITS, 6, 7) for one in (order, order[::-1])]
        method.permutation_generator = lambda features, samples: orders
        expected = method.attribute(self.input, baselines=ABSENT, n_samples=len(orders))[0]
        got = self.subject.scores("shapley", exact="no", permutations=6, seed=7, per_token=True)
        assert_measured(self, difference(got, expected), 4.3e-7)

    def test_lime(self):
        """LimeBase with our samples and kernel: Captum's default samples keep each unit with probability 1/2."""
        width = 0.3

        def samples(*_, **__):
            yield torch.ones(1, UNITS)
            for one in draws.lime_samples(UNITS, 100, 4):
                yield torch.tensor([one], dtype=torch.float32)

        def kernel(original, perturbed, kept, **_):
            return torch.exp(-((1 - kept.mean().sqrt()) ** 2) / (2 * width**2))

        method = LimeBase(self.total, SkLearnRidge(alpha=0.7), kernel, samples, perturb_interpretable_space=True,
                          from_interp_rep_transform=lambda kept, ids, **_: torch.where(kept.bool(), ids, ABSENT),
                          to_interp_rep_transform=None)
        expected = method.attribute(self.input, n_samples=101)
        got = self.subject.scores("lime", samples=100, seed=4, kernel_width=width, alpha=0.7)
        assert_measured(self, difference(got, expected), 6.7e-7)

    def test_kernel_shap(self):
        """Captum draws coalitions with replacement even where it could run them all, so its scores are estimates:
        they come closer to ours, which are exact, with more samples. test_shap.py compares exact values."""
        method = KernelShap(self.total)
        errors = []
        for samples, measured in ((200, 0.36), (3200, 0.086)):
            torch.manual_seed(0)
            estimate = method.attribute(self.input, baselines=ABSENT, n_samples=samples, perturbations_per_eval=200)
            errors.append(difference(self.subject.scores("kernel_shap"), estimate))
            assert_measured(self, errors[-1], measured)
        self.assertLess(errors[1], errors[0] / 2)


class OfTexts(unittest.TestCase):
    """Captum's interface for language models. Its absent token is id 0 unless `baselines` says otherwise."""

    def setUp(self):
        self.subject = subject()
        self.target = torch.tensor(ANSWER)

    def input(self, **options):
        return TextTokenInput(self.subject.tokenizer.decode(PROMPT), self.subject.tokenizer, **options)

    def test_leave_one_out(self):
        method = LLMAttribution(FeatureAblation(self.subject.theirs), self.subject.tokenizer)
        for token, options in ((0, {}), (ABSENT, {"baselines": ABSENT})):
            with self.subTest(token=token):
                found = method.attribute(self.input(**options), target=self.target, forward_in_tokens=False)
                got = self.subject.scores("leave_one_out", baseline_token=token, per_token=True)
                assert_measured(self, difference(got, found.token_attr), 4.7e-7)
                got = self.subject.scores("leave_one_out", baseline_token=token)
                assert_measured(self, difference(got[0], found.seq_attr), 6.8e-7)

    def test_token_by_token(self):
        """One forward pass for each answer token, Captum's default. With cached outputs, also its default, version 0.9
        is right for the first token only."""
        method = LLMAttribution(FeatureAblation(self.subject.theirs), self.subject.tokenizer)
        got = self.subject.scores("leave_one_out", per_token=True)
        for cached, tokens, error in ((False, 3, 2.9e-7), (True, 1, 9.6e-8)):
            with self.subTest(cached=cached):
                found = method.attribute(self.input(baselines=ABSENT), target=self.target, use_cached_outputs=cached)
                assert_measured(self, difference(got[:tokens], found.token_attr[:tokens]), error)

    def test_gradients(self):
        for layer_method, ours, theirs, error in (
                (LayerGradientXActivation, {"method": "input_x_gradient"}, {}, 2.9e-6),
                (LayerIntegratedGradients, {"method": "integrated_gradients", "steps": 20},
                 {"baselines": torch.tensor([[ABSENT] * UNITS]), "n_steps": 20, "method": "gausslegendre"}, 6e-7)):
            with self.subTest(layer_method.__name__):
                method = LLMGradientAttribution(
                    layer_method(self.subject.theirs, self.subject.theirs.model.embed_tokens), self.subject.tokenizer)
                found = method.attribute(self.input(baselines=ABSENT), target=self.target, **theirs)
                assert_measured(self, difference(self.subject.scores(per_token=True, **ours), found.token_attr), error)


if __name__ == "__main__":
    unittest.main()
