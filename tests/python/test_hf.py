"""A Hugging Face model object and tokenizer in place of ours: the same numbers. Wants transformers and PyTorch:
scripts/test-hf installs them and runs this."""

import os
import unittest

import explainer
import explainer.takeover
from explainer import Explainer
from support import DEMO, assert_measured, demo_float32, golden, golden_path, max_difference, needs_demo, relative_l2

import original

try:
    import torch
    import transformers
except ImportError:
    raise unittest.SkipTest("torch and transformers are not installed; scripts/test-hf installs them") from None

transformers.logging.set_verbosity_error()


@needs_demo
class OriginalReadme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder, file = os.path.split(DEMO)
        cls.model = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
        cls.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=file)
        cls.attention, cls.gradient, _ = original.run(cls.model, cls.tokenizer)
        path = demo_float32()
        ours = original.run(explainer.AutoModelForCausalLM.from_pretrained(path),
                            explainer.AutoTokenizer.from_pretrained(path))
        cls.our_attention, cls.our_gradient, _ = ours

    def test_the_same_tokens_and_texts(self):
        self.assertEqual(self.attention.prompt_ids.tolist(), self.our_attention.prompt_ids.tolist())
        self.assertEqual(self.attention.answer_ids.tolist(), self.our_attention.answer_ids.tolist())
        self.assertEqual(self.attention["Decode_output"], self.our_attention["Decode_output"])

    def test_the_same_numbers(self):
        pairs = {
            "gradient": (self.gradient["Gradient"]["gradient"], self.our_gradient["Gradient"]["gradient"]),
            "saliency_map": (self.gradient["Gradient"]["saliency_map"], self.our_gradient["Gradient"]["saliency_map"]),
            "block_gradient_x_input": (self.gradient["Gradient"]["block_gradient_x_input"],
                                       self.our_gradient["Gradient"]["block_gradient_x_input"]),
            "mean_group": (self.attention.attention["mean_group"], self.our_attention.attention["mean_group"]),
            "median_raw": (self.attention.attention["median_raw"], self.our_attention.attention["median_raw"]),
            "pair_result": (self.attention["Attention"]["pair_result"]["attention"],
                            self.our_attention["Attention"]["pair_result"]["attention"]),
            "token_logprobs": (self.attention.token_logprobs, self.our_attention.token_logprobs)}
        errors = {name: relative_l2(*pair) for name, pair in pairs.items()}
        print("\nrelative L2, model object and GGUF file:", {name: f"{error:.1e}" for name, error in errors.items()})
        assert_measured(self, max(errors.values()), 1e-3)

    def test_the_original_numbers(self):
        reference = golden("smollm2-chat.reference")
        assert_measured(self, relative_l2(self.gradient["Gradient"]["gradient"], reference["embedding_gradient"]), 1e-3)
        assert_measured(self, max_difference(self.attention.attention["mean_group"], reference["mean_group"]), 0.003)


class Families(unittest.TestCase):
    """Directories as model objects: what is taken over from memory is what would be read from the files."""

    def both(self, name, loader, tokenizer_options=None, **request):
        path = golden_path(name)
        model = loader.from_pretrained(path, dtype="auto")
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, **(tokenizer_options or {}))
        taken = explainer.takeover.take_over(model, tokenizer)
        return taken.explain(**request), explainer.load(path).explain(**request)

    def assert_same(self, first, second):
        self.assertEqual(relative_l2(first.gradient["gradient"], second.gradient["gradient"]), 0)
        self.assertEqual(relative_l2(first.token_logprobs, second.token_logprobs), 0)

    def test_decoders(self):
        for name in ("llama-tiny", "qwen2-tiny", "qwen3-tiny", "gemma3-tiny", "gpt2-tiny", "mixtral-tiny",
                     "llamabf16-tiny", "phi3-tiny", "smollm3-tiny", "gptneox-tiny", "falcon-tiny", "stablelm-tiny"):
            with self.subTest(name):
                self.assert_same(*self.both(name, transformers.AutoModelForCausalLM, prompt_ids=[5, 9, 12, 7, 3],
                                            answer_ids=[8, 4, 6], method="gradient"))

    def test_encoder_decoders(self):
        for name in ("t5-tiny", "t5gated-tiny"):
            with self.subTest(name):  # its 400 rows have no room for the 100 tokens that T5's tokenizer adds
                self.assert_same(*self.both(name, transformers.AutoModelForSeq2SeqLM, {"extra_ids": 0},
                                            prompt_ids=[5, 9, 12, 1], answer_ids=[8, 4, 1], task="translation",
                                            method="gradient"))

    def test_encoders(self):
        for name in ("bertqa-tiny", "robertaqa-tiny", "distilbertqa-tiny"):
            with self.subTest(name):
                first, second = self.both(name, transformers.AutoModelForQuestionAnswering, method="gradient",
                                          question="the cat", context="the dog sat on the mat")
                self.assertEqual(relative_l2(first.gradient["gradient"], second.gradient["gradient"]), 0)
                self.assertEqual(relative_l2(first.span["start_logits"], second.span["start_logits"]), 0)

    def test_generate_is_that_of_transformers(self):
        path = golden_path("llama-tiny")
        theirs = transformers.AutoModelForCausalLM.from_pretrained(path)
        ours = explainer.AutoModelForCausalLM.from_pretrained(path)
        ids = torch.tensor([[5, 9, 12, 7, 3]])
        for some in ({}, {"num_beams": 3}, {"repetition_penalty": 1.3}, {"num_beams": 2, "length_penalty": 0.5}):
            with self.subTest(**some):
                options = {"max_new_tokens": 8, "do_sample": False, **some}
                expected = theirs.generate(ids, **options)
                self.assertEqual(ours.generate(ids, **options).tolist(), expected.tolist())

    def test_eos_of_the_caller(self):
        path = golden_path("llama-tiny")
        theirs = transformers.AutoModelForCausalLM.from_pretrained(path)
        ours = explainer.AutoModelForCausalLM.from_pretrained(path)
        ids = torch.tensor([[5, 9, 12, 7, 3]])
        stop = theirs.generate(ids, max_new_tokens=8, do_sample=False)[0, 6].item()
        options = {"max_new_tokens": 8, "do_sample": False, "eos_token_id": stop}
        self.assertEqual(ours.generate(ids, **options).tolist(), theirs.generate(ids, **options).tolist())

    def test_return_shape(self):
        path = golden_path("llama-tiny")
        options = {"max_new_tokens": 4, "do_sample": False, "return_dict_in_generate": True, "output_logits": True}
        ids = torch.tensor([[5, 9, 12, 7, 3]])
        expected = transformers.AutoModelForCausalLM.from_pretrained(path).generate(ids, **options)
        got = explainer.AutoModelForCausalLM.from_pretrained(path).generate(ids, **options)
        self.assertEqual(got.sequences.tolist(), expected.sequences.tolist())
        self.assertEqual(len(got.logits), len(expected.logits))
        for ours, theirs in zip(got.logits, expected.logits):
            self.assertEqual(ours.shape, tuple(theirs.shape))
            assert_measured(self, relative_l2(ours, theirs.numpy()), 1e-5)

    def test_their_tokenizer_with_our_model(self):
        path = golden_path("llama-tiny")
        model = explainer.AutoModelForCausalLM.from_pretrained(path)
        tokenizer = transformers.AutoTokenizer.from_pretrained(path)
        ids = tokenizer("the cat sat", return_tensors="pt")["input_ids"]
        with Explainer(module=model, method="Gradient") as explain:
            output = model.generate(ids, max_new_tokens=4)
            result = explain.compute(tokenizer=tokenizer, output=output, input_ids=ids, labels=ids[0])
        self.assertEqual(result["Prompt"], [tokenizer.decode([i]) for i in ids[0].tolist()])

    def test_what_is_refused(self):
        model = transformers.AutoModelForCausalLM.from_pretrained(golden_path("llama-tiny"))
        with self.assertRaisesRegex(explainer.InputError, "Hugging Face tokenizer"):
            explainer.takeover.take_over(model, None)
        with self.assertRaisesRegex(explainer.UnsupportedError, "is a Linear"):
            explainer.takeover.take_over(torch.nn.Linear(2, 2), None)

    def test_weights_as_they_are_now(self):
        path = golden_path("llama-tiny")
        model = transformers.AutoModelForCausalLM.from_pretrained(path)
        tokenizer = transformers.AutoTokenizer.from_pretrained(path)
        request = {"prompt_ids": [5, 9, 12], "answer_ids": [8, 4], "method": "gradient"}
        before = explainer.takeover.take_over(model, tokenizer)
        with torch.no_grad():
            model.model.layers[0].mlp.down_proj.weight.mul_(2)
        after = explainer.takeover.take_over(model, tokenizer)
        self.assertNotEqual(before.sha256_16, after.sha256_16)
        self.assertGreater(relative_l2(after.explain(**request).gradient["gradient"],
                                       before.explain(**request).gradient["gradient"]), 1e-3)


if __name__ == "__main__":
    unittest.main()
