"""The five tasks through the original's interface, on tiny models, against golden numbers and the engine's own way."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import explainer
import numpy as np
from explainer import Explainer, ModelExplanationTask
from explainer.attribute import ExplainerHandler, Preprocessor
from support import DEMO, ROOT, assert_measured, golden, golden_path, max_difference, needs_demo, relative_l2, tiny

PROMPT = [5, 9, 12, 7, 3]


class CrossEntropyLoss:
    """What PyTorch's says of itself."""

    reduction, weight, ignore_index = "mean", None, -100

    def __init__(self, label_smoothing):
        self.label_smoothing = label_smoothing


class Chat(unittest.TestCase):
    def test_the_original_numbers(self):
        reference = golden("llamamha-tiny.reference")
        prompt = reference["prompt_ids"].tolist()
        model = explainer.AutoModelForCausalLM.from_pretrained(golden_path("llamamha-tiny.gguf"))
        with Explainer(module=model, method=["Attention", "Gradient"]) as explain:
            output = model.generate(prompt, max_new_tokens=8, return_dict_in_generate=True)
            result = explain.compute(tokenizer=model.tokenizer, output=output, input_ids=[prompt],
                                     task_type=ModelExplanationTask.GENERATIVE_TEXT_CHAT, input_shape=len(prompt),
                                     labels=reference["label_ids"])
        self.assertEqual(output.sequences[0].tolist(), reference["sequence_ids"].tolist())
        pair = result["Attention"]["pair_result"]
        assert_measured(self, max_difference(pair["attention"], reference["pair_attention"]), 2e-5)
        assert_measured(self, max_difference(pair["attention_mean"], reference["pair_attention_mean"]), 2e-5)
        raw = np.stack(result["Attention"]["attention_result"]["median_raw_df"]["tensor"])
        assert_measured(self, relative_l2(raw.reshape(reference["median_raw"].shape), reference["median_raw"]), 1e-4)
        assert_measured(self, relative_l2(result["Gradient"]["gradient"], reference["embedding_gradient"]), 1e-4)
        self.assertLessEqual(max_difference(result["Gradient"]["saliency_map"], reference["saliency_map"]), 0.001001)

    def test_every_form_of_the_answer(self):
        model = tiny()
        with Explainer(model=model, method="Gradient") as explain:
            outputs = (model.generate([PROMPT], max_new_tokens=4),
                       model.generate([PROMPT], max_new_tokens=4, return_dict_in_generate=True),
                       {"sequences": model.generate([PROMPT], max_new_tokens=4)},
                       model.generate([PROMPT], max_new_tokens=4)[0].tolist())
            results = [explain.compute(output=output, input_ids=np.array([PROMPT])) for output in outputs]
        for result in results[1:]:
            self.assertTrue((result["Gradient"]["gradient"] == results[0]["Gradient"]["gradient"]).all())

    def test_further_methods_and_keys(self):
        with Explainer(module=tiny(), method=["IntegratedGradients", "leave_one_out"]) as explain:
            result = explain.compute(output=PROMPT + [8, 4], input_ids=[PROMPT], steps=7)
        self.assertEqual([one["method"] for one in result.attributions], ["integrated_gradients", "leave_one_out"])
        self.assertEqual(result.attributions[0]["options"]["steps"], "7")
        self.assertNotIn("Attention", result)

    def test_padding_behind_an_answer_is_not_explained(self):
        end = tiny().tokenizer.eos_token_id
        with Explainer(model=tiny(), method="Gradient") as explain:
            result = explain.compute(output=PROMPT + [8, 4, end, end, end], input_ids=PROMPT)
        self.assertEqual(result.answer_ids.tolist(), [8, 4, end])

    def test_forms_of_arguments(self):
        with Explainer(model=tiny(), method="Gradient") as explain:
            results = [explain.compute(output=PROMPT + [8, 4, 6], input_ids=np.array([PROMPT]), input_shape=shape,
                                       labels=labels, loss_function=loss)
                       for shape, labels, loss in ((5, [4, 6], None), (np.array(5), [-100, -100, 4, 6, -100], None),
                                                   ((1, 5), np.array([[4, 6]]), CrossEntropyLoss(0.0)))]
        for result in results:
            self.assertEqual(result.label_ids.tolist(), [4, 6])
            self.assertTrue((result["Gradient"]["gradient"] == results[0]["Gradient"]["gradient"]).all())

    def test_handler(self):
        handler = ExplainerHandler(tiny())
        self.assertEqual(handler().facts, tiny().facts)
        param = handler.generate_parameter(None, PROMPT + [8, 4], "generative_text_chat", labels=[4], input_ids=PROMPT)
        with Explainer(module=handler.model, method="Gradient") as explain:
            self.assertEqual(explain.compute(**param).label_ids.tolist(), [4])

    def test_assistant(self):
        model = tiny()
        with Explainer(module=model, method="Gradient") as explain:
            output = model.generate([PROMPT], max_new_tokens=8, assistant_model=tiny(), return_dict_in_generate=True)
            result = explain.compute(output=output, input_ids=[PROMPT], task_type="generative_text_chat_assistant")
        self.assertEqual(result.task, "generative_text_chat_assistant")
        self.assertEqual(result.n_matches, output.generation.n_matches)
        self.assertGreater(sum(result.n_matches), 0)

    def test_what_is_refused(self):
        cases = [(explainer.UsageError, "unknown; expected one of attention", {"method": "Attentoin"}, {}),
                 (explainer.UsageError, "`task_type`: got 'chat'", {}, {"task_type": "chat"}),
                 (explainer.UsageError, "expected what generate returned", {}, {"output": None}),
                 (explainer.InputError, "does not begin with the prompt", {}, {"output": [1, 2, 3, 4, 5, 6, 7]}),
                 (explainer.UsageError, "`input_shape`: got 9", {}, {"input_shape": 9}),
                 (explainer.InputError, "2 texts", {}, {"input_ids": [PROMPT, PROMPT]}),
                 (explainer.UsageError, "cross-entropy", {}, {"loss_function": object()}),
                 (explainer.UsageError, "label_smoothing 0.5", {}, {"loss_function": CrossEntropyLoss(0.5)}),
                 (explainer.UsageError, "`method`: none", {"method": []}, {}),
                 (explainer.UsageError, "`label`: given besides labels", {}, {"label": "a", "labels": [4]}),
                 (explainer.UsageError, "attention_function", {}, {"attention_function": print}),
                 (explainer.UsageError, "`temperature`: says how", {}, {"temperature": 0.5}),
                 (explainer.UsageError, "`n_matches`: got -3", {}, {"n_matches": [1, -3]}),
                 (explainer.InputError, "padding", {}, {"input_ids": [2, 2, 5, 9], "output": [2, 2, 5, 9, 8]}),
                 (explainer.UsageError, "layr_names", {}, {"layr_names": ["q"]}),
                 (explainer.UsageError, "q_prj", {"method": "Attention"},
                  {"layer_names": ["q_prj", "k_proj", "v_proj"]})]
        for kind, text, construct, param in cases:
            with self.subTest(text), self.assertRaisesRegex(kind, text), \
                    Explainer(module=tiny(), **{"method": "Gradient", **construct}) as explain:
                explain.compute(**{"output": PROMPT + [8, 4], "input_ids": PROMPT, **param})
        for construct in ({}, {"module": tiny(), "model": tiny()}):
            with self.assertRaisesRegex(explainer.UsageError, "one model"):
                Explainer(**construct)
        with self.assertRaisesRegex(explainer.UnsupportedError, "is a str"), \
                Explainer(module="gpt2", method="Gradient") as explain:
            explain.compute(output=PROMPT + [8], input_ids=PROMPT)


class EncoderDecoder(unittest.TestCase):
    def test_golden_gradient(self):
        reference = golden("t5-tiny.golden")
        model = explainer.AutoModelForSeq2SeqLM.from_pretrained(golden_path("t5-tiny"))
        source, target = reference["encoder_ids"].tolist(), reference["target_ids"].tolist()
        with Explainer(module=model, method="Gradient") as explain:
            result = explain.compute(output=[model.core.decoder_start_token] + target, input_ids=[source],
                                     task_type="translation")
        self.assertEqual(result.answer_ids.tolist(), target)
        expected = reference["grad_encoder_per_target"].sum(0)
        assert_measured(self, relative_l2(result["Gradient"]["gradient"], expected), 5e-4)

    def test_preprocessor(self):
        example = [{"text": "the cat sat", "summary": "cat"}]
        prepared = Preprocessor(input_text=example, task_type="summarizations",
                                model_name_or_path=golden_path("t5-tiny"), model_config_path={"prefix": "sum: "})
        inputs_all, inputs = prepared()
        self.assertEqual(set(inputs), {"input_ids", "attention_mask"})
        self.assertEqual(inputs_all["input_ids"].tolist()[0], prepared.tokenizer("sum: the cat sat").input_ids)
        self.assertEqual("".join(prepared.decode_text(inputs_all)), "sum:thecatsat</s>")  # SentencePiece, one by one
        with Explainer(model=prepared.model, method="Gradient") as explain:
            output = prepared.model.generate(inputs["input_ids"].clone(), do_sample=False, top_k=1, temperature=0.3,
                                             repetition_penalty=1.3, output_scores=True, max_length=6)
            result = explain.compute(output=output, input_ids=inputs_all["input_ids"], task_type="summarizations",
                                     labels=inputs_all["labels"][0], tokenizer=prepared.tokenizer)
        self.assertEqual(len(result["Gradient"]["saliency_map"]), inputs["input_ids"].shape[1])
        self.assertEqual(result.objective, "aligned")


class QuestionAnswering(unittest.TestCase):
    def test_golden(self):
        reference = golden("bertqa-tiny.golden")
        model = explainer.AutoModelForQuestionAnswering.from_pretrained(golden_path("bertqa-tiny"))
        ids, types = reference["ids"].tolist(), reference["token_type_ids"].tolist()
        logits = model(ids, token_type_ids=types)
        assert_measured(self, relative_l2(logits.start_logits[0], reference["start_logits"]), 1e-3)
        assert_measured(self, relative_l2(logits.end_logits[0], reference["end_logits"]), 1e-3)
        with Explainer(module=model, method=["Attention", "Gradient"]) as explain:
            result = explain.compute(input_ids=[ids], token_type_ids=[types], task_type="question_answering",
                                     tokenizer=model.tokenizer)
        self.assertEqual(result["Gradient"]["gradient"].shape, (len(ids), 64))
        self.assertTrue((result.span["start_logits"] == logits.start_logits[0]).all())

    def test_preprocessor(self):
        text = {"question": "who sat", "context": "the cat sat", "answers": {"text": ["cat"], "answer_start": [4]}}
        prepared = Preprocessor(input_text=text, task_type="question_answering",
                                model_name_or_path=golden_path("bertqa-tiny"))
        _, inputs = prepared()
        self.assertEqual(set(inputs), {"input_ids", "token_type_ids", "attention_mask"})
        result = prepared.model.explain(prompt_ids=inputs["input_ids"][0], token_type_ids=inputs["token_type_ids"][0],
                                        method="gradient")
        self.assertEqual(result.prompt_ids.tolist(), inputs["input_ids"][0].tolist())


class Examples(unittest.TestCase):
    def run_example(self, name, *arguments):
        done = subprocess.run([sys.executable, os.path.join(ROOT, "examples", "python", name), *arguments],
                              capture_output=True, text=True, check=False, timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    @needs_demo
    def test_chatbot(self):
        printed = self.run_example("chatbot.py", DEMO)
        self.assertIn("Online Chat Support", printed)
        self.assertEqual(printed.count("\n  1.000  "), 1)

    @needs_demo
    def test_assistant(self):
        self.assertIn("quick brown fox", self.run_example("assistant.py", DEMO))

    @needs_demo
    @unittest.skipUnless(importlib.util.find_spec("ray"), "ray is not installed")
    def test_distributed(self):
        with tempfile.TemporaryDirectory() as scratch:
            printed = self.run_example("distributed.py", DEMO, "--output", os.path.join(scratch, "out"))
        self.assertIn("2 done, 1 failed, 0 kept from before", printed)

    @needs_demo
    def test_notebook(self):
        with open(os.path.join(ROOT, "examples", "python", "tour.ipynb"), encoding="utf-8") as file:
            cells = ["".join(cell["source"]) for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
        names = {}
        with mock.patch("explainer.demo_model", lambda: DEMO, create=True):
            for cell in cells:
                exec(cell, names)
        self.assertIn("iframe", names["result"]._repr_html_())
        self.assertEqual(names["other"].prompt_ids.tolist(), names["result"].prompt_ids.tolist())

    def test_question_answering(self):
        self.assertIn("[CLS]", self.run_example("question_answering.py", golden_path("bertqa-tiny")))

    def test_translation(self):
        self.assertIn("attends most to", self.run_example("translation.py", golden_path("t5-tiny")))

    def test_summarization(self):
        self.assertIn("Malaysia", self.run_example("summarization.py", golden_path("t5-tiny")))


if __name__ == "__main__":
    unittest.main()
