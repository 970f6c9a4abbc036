"""The methods against a second implementation, in NumPy and float64 (independent/), on the tiny llama model.

Differences are in units of a map's largest score. The numbers beside the comparisons are what was measured; they come
from the float32 of the engine's passes. assert_measured allows three times as much.
"""

import unittest

import numpy as np
from independent import (
    attention,
    attention_gradient,
    context_reliance,
    draws,
    faithfulness,
    gradients,
    kernel_shap,
    sampled_paths,
    shapley,
    surrogates,
    targets,
    values,
)
from independent.game import Game
from independent.llama import Llama
from independent.random_numbers import MersenneTwister
from independent.scale import difference
from support import assert_measured, golden_path, tiny

PROMPT = [5, 9, 12, 7, 3, 40, 77, 23]
ANSWER = [8, 4, 6]
TEXT = "the old cat sat on a red mat."  # 9 words, 16 tokens
ABSENT = 2  # the model's padding token


class Compared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = tiny()
        cls.numpy = Llama(golden_path("llama-tiny.gguf"))

    def explained(self, method, **request):
        """The result's first map."""
        request = {"prompt_ids": PROMPT, "answer_ids": ANSWER, "hold": "none", **request}
        return self.model.explain(method=[method], **request).attributions[0]

    def game(self, absence="token", explained=(), units=None, prompt=PROMPT, answer=ANSWER):
        return Game(self.numpy, prompt, answer, units or [[row] for row in range(len(prompt))],
                    list(explained) or targets.whole(answer), absence, ABSENT)

    def slope(self, explained):
        return gradients.Slope(self.numpy, PROMPT, ANSWER, explained)


class TheModel(Compared):
    def test_log_probabilities(self):
        result = self.model.explain(prompt_ids=PROMPT, answer_ids=ANSWER)
        logits = self.numpy.run(self.numpy.embed(np.array(PROMPT + ANSWER))).logits
        expected = targets.values(targets.each(ANSWER), logits[len(PROMPT) - 1:-1], ANSWER)
        assert_measured(self, difference(result.token_logprobs, expected), 5.7e-8)

    def test_the_generator(self):
        """The 10000th number of the default seed is part of the C++ standard."""
        draw = MersenneTwister(5489)
        for _ in range(9999):
            draw()
        self.assertEqual(draw(), 9981545732273789042)


class Removal(Compared):
    def test_leave_one_out(self):
        measured = {("token", "logprob"): 3.5e-7, ("token", "probability"): 3.5e-7, ("token", "logit"): 3.7e-7,
                    ("token", "entropy"): 3.5e-6, ("token", "mean_logprob"): 3.5e-7,
                    ("deletion", "logprob"): 3.8e-7, ("deletion", "entropy"): 2.1e-6,
                    ("attention_mask", "logprob"): 5.6e-7, ("attention_mask", "entropy"): 1.4e-6}
        for (absence, measure), error in measured.items():
            with self.subTest(absence=absence, measure=measure):
                got = self.explained(f"leave_one_out:baseline={absence}", measure=measure)["scores"]
                game = self.game(absence, targets.whole(ANSWER, measure))
                assert_measured(self, difference(got, shapley.leave_one_out(game)), error)

    def test_every_token_of_the_answer(self):
        got = self.explained("leave_one_out", per_token=True)["scores"]
        assert_measured(self, difference(got, shapley.leave_one_out(self.game(explained=targets.each(ANSWER)))), 4.3e-7)

    def test_a_contrast(self):
        """Against the answer "#!", ids 5 and 3."""
        got = self.explained("leave_one_out", contrast="#!")["scores"]
        expected = shapley.leave_one_out(self.game()) - shapley.leave_one_out(self.game(answer=[5, 3]))
        assert_measured(self, difference(got, expected), 4.1e-7)

    def test_words(self):
        for method, of, error in (("leave_one_out", shapley.leave_one_out, 8.5e-7),
                                  ("shapley", shapley.shapley, 1.6e-7)):
            with self.subTest(method):
                result = self.model.explain(prompt=TEXT, answer_ids=ANSWER, method=[method], unit="word")
                found = result.attributions[0]
                units = [list(unit["tokens"]) for unit in found["units"]]
                self.assertGreater(max(map(len, units)), 1)
                game = self.game(units=units, prompt=result.prompt_ids.tolist())
                assert_measured(self, difference(found["scores"], of(game)), error)

    def test_occlusion(self):
        for window, stride, error in ((3, 1, 5.4e-7), (3, 2, 3.5e-7)):
            with self.subTest(window=window, stride=stride):
                got = self.explained("occlusion", window=window, stride=stride)["scores"]
                assert_measured(self, difference(got, shapley.occlusion(self.game(), window, stride)), error)


class Shapley(Compared):
    def test_exact(self):
        for absence, error in (("token", 2.4e-7), ("deletion", 1.6e-7), ("attention_mask", 2.1e-7)):
            with self.subTest(absence):
                got = self.explained(f"shapley:baseline={absence}", per_token=True)["scores"]
                expected = shapley.shapley(self.game(absence, targets.each(ANSWER)))
                assert_measured(self, difference(got, expected), error)

    def test_permutations(self):
        found = self.explained("shapley", exact="no", permutations=6, seed=7)
        scores, errors = shapley.sampled_shapley(self.game(), draws.orders(len(PROMPT), 6, 7))
        assert_measured(self, difference(found["scores"], scores), 3.6e-7)
        assert_measured(self, difference(found["standard_errors"], errors), 3.7e-7)

    def test_kernel_shap_of_all_coalitions(self):
        got = self.explained("kernel_shap")["scores"]
        assert_measured(self, difference(got, kernel_shap.exact(self.game())), 3.6e-7)
        assert_measured(self, difference(got, shapley.shapley(self.game())), 3.6e-7)

    def test_kernel_shap_of_pairs(self):
        """60 coalitions of 8 units: the 16 of one unit and of seven, and 22 pairs of the other sizes. 300 of 10 units:
        those of one, two, eight and nine, and 95 pairs."""
        longer = PROMPT + [61, 90]
        for prompt, samples, whole, pairs, measured in ((PROMPT, 60, [1], 22, (3.7e-7, 3.5e-7)),
                                                        (longer, 300, [1, 2], 95, (4e-7, 2.6e-7))):
            with self.subTest(units=len(prompt)):
                found = self.explained("kernel_shap", prompt_ids=prompt, samples=samples, seed=3)
                scores, errors = kernel_shap.sampled(self.game(prompt=prompt), whole, pairs, seed=3)
                assert_measured(self, difference(found["scores"], scores), measured[0])
                assert_measured(self, difference(found["standard_errors"], errors), measured[1])


class Surrogates(Compared):
    def test_lime(self):
        got = self.explained("lime", samples=100, seed=4, kernel_width=0.3, alpha=0.7, per_token=True)["scores"]
        samples = draws.lime_samples(len(PROMPT), 100, 4)
        expected = surrogates.lime(self.game(explained=targets.each(ANSWER)), samples, 0.3, 0.7)
        assert_measured(self, difference(got, expected), 3.5e-7)

    def test_sparse_linear(self):
        """One of log-odds, of the whole answer and of single tokens, and one of probabilities."""
        samples = draws.halves(len(PROMPT), 64, 5)
        for measure, explained, error in (("logprob", targets.whole(ANSWER), 8.5e-8),
                                          ("logprob", targets.each(ANSWER), 3.8e-7),
                                          ("probability", targets.each(ANSWER, "probability"), 4.4e-7)):
            with self.subTest(measure=measure, targets=len(explained)):
                got = self.explained("sparse_linear", seed=5, alpha=0.02, measure=measure,
                                     per_token=len(explained) > 1)["scores"]
                expected = surrogates.sparse_linear(self.game(explained=explained), samples, 0.02)
                self.assertTrue((expected == 0).any())  # the penalty does something
                self.assertTrue((np.asarray(got)[expected == 0] == 0).all())
                assert_measured(self, difference(got, expected), error)


class Gradients(Compared):
    def test_saliency(self):
        slope = self.slope(targets.each(ANSWER))
        gradient = slope.gradient(slope.input)
        for norm, error in (("l2", 3e-7), ("l1", 3.7e-7), ("max_abs", 2.9e-7), ("mean_abs", 3.7e-7)):
            with self.subTest(norm):
                got = self.explained("saliency", per_token=True, norm=norm)["scores"]
                assert_measured(self, difference(got, gradients.size_of(gradient, norm)), error)

    def test_input_x_gradient(self):
        got = self.explained("input_x_gradient", per_token=True)["scores"]
        assert_measured(self, difference(got, gradients.input_x_gradient(self.slope(targets.each(ANSWER)))), 2.1e-6)

    def test_integrated_gradients(self):
        slope = self.slope(targets.each(ANSWER))
        baselines = {"token": np.repeat(self.numpy.table[[ABSENT]], len(PROMPT), axis=0),
                     "zero": np.zeros_like(slope.input),
                     "mean": np.repeat(self.numpy.table.mean(axis=0, keepdims=True), len(PROMPT), axis=0)}
        measured = {("gauss_legendre", 20, "token"): 2.2e-7, ("gauss_legendre", 20, "zero"): 3.7e-7,
                    ("gauss_legendre", 20, "mean"): 5.1e-7, ("midpoint", 10, "token"): 4.2e-7,
                    ("midpoint", 10, "zero"): 9.4e-7, ("trapezoid", 10, "token"): 3.7e-7,
                    ("trapezoid", 10, "zero"): 1.1e-6}
        for (rule, steps, baseline), error in measured.items():
            with self.subTest(rule=rule, baseline=baseline):
                got = self.explained("integrated_gradients", per_token=True, rule=rule, steps=steps,
                                     baseline=baseline)["scores"]
                expected = gradients.integrated_gradients(slope, baselines[baseline], rule, steps)
                assert_measured(self, difference(got, expected), error)

    def test_words(self):
        for aggregation, of, error in (("sum", np.sum, 9.6e-7), ("mean", np.mean, 1.9e-6),
                                       ("max_abs", lambda x: x[np.abs(x).argmax()], 1.7e-6)):
            with self.subTest(aggregation):
                result = self.model.explain(prompt=TEXT, answer_ids=ANSWER, method=["input_x_gradient"], unit="word",
                                            aggregation=aggregation)
                found = result.attributions[0]
                slope = gradients.Slope(self.numpy, result.prompt_ids.tolist(), ANSWER, targets.whole(ANSWER))
                rows = gradients.input_x_gradient(slope)[0]
                expected = [[of(rows[list(unit["tokens"])]) for unit in found["units"]]]
                assert_measured(self, difference(found["scores"], expected), error)

    def test_other_measures(self):
        for measure, error in (("probability", 6.8e-7), ("logit", 8.6e-7), ("entropy", 7.9e-7)):
            with self.subTest(measure):
                got = self.explained("input_x_gradient", measure=measure)["scores"]
                expected = gradients.input_x_gradient(self.slope(targets.whole(ANSWER, measure)))
                assert_measured(self, difference(got, expected), error)


class Sampled(Compared):
    def test_smoothgrad(self):
        slope = self.slope(targets.each(ANSWER))
        mean = sampled_paths.smoothgrad(slope, 4, 0.2, 9)
        request = {"per_token": True, "samples": 4, "noise": 0.2, "seed": 9}
        assert_measured(self, difference(self.explained("smoothgrad", **request)["scores"],
                                         gradients.size_of(mean, "l2")), 1.7e-7)
        assert_measured(self, difference(self.explained("smoothgrad", times_input=True, **request)["scores"],
                                         (slope.input * mean).sum(axis=-1)), 9.5e-7)

    def test_gradient_shap(self):
        slope = self.slope(targets.each(ANSWER))
        baseline = np.repeat(self.numpy.table[[ABSENT]], len(PROMPT), axis=0)
        found = self.explained("gradient_shap", per_token=True, samples=10, noise=0.2, seed=9)
        scores, errors = sampled_paths.gradient_shap(slope, baseline, 10, 0.2, 9)
        assert_measured(self, difference(found["scores"], scores), 3.3e-7)
        assert_measured(self, difference(found["standard_errors"], errors), 6.3e-7)

    def test_expected_gradients(self):
        found = self.explained("expected_gradients", per_token=True, samples=10, seed=9)
        scores, errors = sampled_paths.expected_gradients(self.slope(targets.each(ANSWER)), {0, 1, 2}, 10, 9)
        assert_measured(self, difference(found["scores"], scores), 7.3e-7)
        assert_measured(self, difference(found["standard_errors"], errors), 3.5e-7)


class ContextReliance(Compared):
    def test_both_steps(self):
        """The context is the prompt's third to sixth character, which are tokens."""
        context = [2, 3, 4, 5]
        found = self.explained("context_reliance", context_span=(2, 6), deviations=0)
        expected = context_reliance.sensitivity(self.numpy, PROMPT, ANSWER, context)
        assert_measured(self, difference(found["context_sensitivity"], expected), 2.5e-7)
        chosen = [target["tokens"][0] - len(PROMPT) for target in found["targets"]]
        self.assertEqual(chosen, list(np.flatnonzero(expected >= expected.mean())))
        for scores, token in zip(found["scores"], chosen):
            causes = context_reliance.causes(self.numpy, PROMPT, ANSWER, context, token)
            self.assertEqual(np.flatnonzero(scores).tolist(), context)
            assert_measured(self, difference(scores[context], causes), 1.4e-7)


class Attention(Compared):
    def compare(self, method, table, measured):
        """`table`: [rows, keys]. The score of a whole answer is the mean over the rows that predict its tokens."""
        rows = table[len(PROMPT) - 1:-1, :len(PROMPT)]
        for expected, per_token in ((rows, True), (rows.mean(axis=0, keepdims=True), False)):
            with self.subTest(method, per_token=per_token):
                got = self.explained(method, per_token=per_token)["scores"]
                assert_measured(self, difference(got, expected), measured)

    def test_weights_rollout_and_flow(self):
        matrices = attention.matrices(self.numpy, PROMPT + ANSWER)
        self.compare("attention_weights", matrices.mean(axis=(0, 1)), 7.4e-8)
        self.compare("attention_weights:layer=1:head=2", matrices[1, 2], 2.3e-7)
        self.compare("attention_rollout", attention.rollout(matrices), 5.8e-8)
        flows = np.zeros(matrices.shape[-2:])
        for query in range(len(PROMPT) - 1, len(flows) - 1):
            for key in range(len(PROMPT)):
                flows[query, key] = attention.flow(matrices, query, key)
        self.compare("attention_flow", flows, 7.5e-8)

    def test_values(self):
        norms = values.value_norm(self.numpy, PROMPT + ANSWER)
        self.compare("value_norm", norms.mean(axis=(0, 1)), 8.7e-8)
        self.compare("value_norm:layer=2:head=1", norms[2, 1], 1.9e-7)
        zeroing = values.value_zeroing(self.numpy, PROMPT + ANSWER)
        self.compare("value_zeroing", attention.product(zeroing), 1.1e-7)
        self.compare("value_zeroing:layer=1", zeroing[1], 2.5e-7)

    def test_attention_x_gradient(self):
        matrices = attention.matrices(self.numpy, PROMPT + ANSWER)
        for explained in (targets.each(ANSWER), targets.whole(ANSWER)):
            slopes = attention_gradient.gradients(self.numpy, PROMPT, ANSWER, explained)
            for normalised in (False, True):
                with self.subTest(targets=len(explained), normalised=normalised):
                    got = self.explained("attention_x_gradient", per_token=len(explained) > 1,
                                         propagation="normalised" if normalised else "additive")["scores"]
                    expected = []
                    for target, slope in zip(explained, slopes):
                        rows = attention_gradient.carried(matrices, slope, normalised)[
                            len(PROMPT) - 1 + target.first:len(PROMPT) - 1 + target.last, :len(PROMPT)]
                        expected.append(rows.mean(axis=0))
                    assert_measured(self, difference(got, expected), 8.4e-8)


class Faithfulness(Compared):
    def errors(self, found, game, probability, seeds, seed):
        """The largest differences: of the curves and the numbers in units of the largest p, tau's as it is, and of
        the p-values."""
        scores = found["scores"].sum(axis=0).astype(np.float64)
        maps = [scores, *np.array(draws.rankings(game.count, seeds, seed), float)]
        curves = [faithfulness.curves(game, one, probability) for one in maps]
        numbers = [faithfulness.numbers(game, one, probability) for one in maps]
        scale = np.abs(curves[0].deletion).max()
        got = found["faithfulness"]
        errors = []
        for name in ("deletion", "insertion"):
            of_each = [getattr(one, name) for one in curves]
            errors += list(np.abs(got[name] - of_each[0]) / scale)
            errors += list(np.abs(got[f"random_{name}"] - np.mean(of_each[1:], axis=0)) / scale)
        of_p_values = []
        for name, expected in faithfulness.beside(numbers[0], numbers[1:]).items():
            unit = 1 if name == "kendall_tau" else scale
            errors += [abs(got[name][key] - expected[key]) / unit for key in ("value", "random", "random_deviation")]
            of_p_values.append(abs(got[name]["p_value"] - expected["p_value"]))
        return max(errors), max(of_p_values)

    def test_probability(self):
        for absence, method, measured, of_p_values in (("token", "leave_one_out", 2.8e-7, 1.9e-8),
                                                       ("deletion", "input_x_gradient", 9.5e-8, 6.3e-8),
                                                       ("attention_mask", "shapley", 2.5e-7, 8.6e-9)):
            with self.subTest(absence=absence):
                found = self.explained(method, check=True, absence=absence, seeds=4, seed=11)
                self.assertEqual(found["faithfulness"]["measure"], "probability")
                errors = self.errors(found, self.game(absence, targets.each(ANSWER)), True, 4, 11)
                assert_measured(self, errors[0], measured)
                assert_measured(self, errors[1], of_p_values)

    def test_the_measure_itself(self):
        for measure, measured, of_p_values in (("logit", 3.7e-7, 3e-8), ("entropy", 4.2e-9, 3.3e-7)):
            with self.subTest(measure):
                found = self.explained("input_x_gradient", check=True, measure=measure, seeds=5)
                self.assertEqual(found["faithfulness"]["measure"], f"{measure} of the answer")
                errors = self.errors(found, self.game(explained=targets.whole(ANSWER, measure)), False, 5, 0)
                assert_measured(self, errors[0], measured)
                assert_measured(self, errors[1], of_p_values)


if __name__ == "__main__":
    unittest.main()
