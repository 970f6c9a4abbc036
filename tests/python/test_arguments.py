"""What every entry point does with values that it cannot use: an error of this package that names the argument."""

import os
import tempfile
import types
import unittest
from functools import partial

import explainer
import numpy as np
from explainer.attribute import Preprocessor
from support import golden_path, tiny

IDS = [5, 9, 12, 7, 3]
REQUEST = {"prompt_ids": IDS, "answer_ids": [8, 4, 6], "method": "saliency"}
LLAMA = golden_path("llama-tiny.gguf")
SURROGATE = "a\ud83d"


class Tensor:
    """As of PyTorch."""

    def __init__(self, values):
        self.values = np.array(values)

    def detach(self):
        return self

    def cpu(self):
        return self

    def tolist(self):
        return self.values.tolist()


class Arguments(unittest.TestCase):
    def refused(self, key, work, kind=explainer.UsageError, says="expected"):
        with self.assertRaisesRegex(kind, says) as caught:
            work()
        self.assertEqual(caught.exception.key, key, caught.exception)
        self.assertIn(f"`{key}`", str(caught.exception))
        self.assertNotIn("incompatible function arguments", str(caught.exception))

    def explained(self, **request):
        return tiny().explain(**{**REQUEST, **request})

    def test_kinds_of_errors(self):
        for kind in (explainer.Error, ValueError, TypeError):
            with self.assertRaises(kind):
                self.explained(steps=object())


class NumbersAndTexts(Arguments):
    def test_missing_and_infinite_numbers(self):
        for key in ("user", "answer", "temperature", "steps", "method", "label"):
            self.refused(key, lambda key=key: self.explained(**{key: float("nan")}), says="missing")
        self.refused("kernel_width", lambda: self.explained(kernel_width=float("inf")), says="finite")
        self.refused("kernel_width", lambda: self.explained(kernel_width=np.float32("inf")), says="finite")
        self.refused("temperature", lambda: tiny().generate(IDS, do_sample=True, temperature=float("nan")))
        self.refused("chat_template", lambda: explainer.load(LLAMA, chat_template=float("nan")))
        self.refused("lora", lambda: explainer.load(LLAMA, lora=[("a.gguf", float("nan"))]))

    def test_units_named_by_number_or_text(self):
        def scores(replacements):
            result = self.explained(method=["leave_one_out"], unit="token", replacements=replacements)
            return result.attributions[0]["scores"].tolist()

        forms = ({1: "the"}, {np.int64(1): "the"}, {"1": "the"}, ["1=the"], "1=the")
        for form in forms:
            self.assertEqual(scores(form), scores(forms[0]))
        self.assertNotEqual(scores(forms[0]), scores({0: "the"}))
        self.refused("replacements", lambda: scores({1: 3}))
        self.refused("replacements", lambda: scores({True: "the"}))

    def test_lone_surrogates(self):
        tokenizer = tiny().tokenizer
        for key, work in (("prompt", lambda: self.explained(prompt=SURROGATE)),
                          ("messages", lambda: self.explained(messages=[{"role": "user", "content": SURROGATE}])),
                          ("chat_template", lambda: explainer.load(LLAMA, chat_template=SURROGATE)),
                          ("text", lambda: tokenizer(SURROGATE)), ("text", lambda: tokenizer(["a", SURROGATE])),
                          ("text_pair", lambda: tokenizer("a", SURROGATE)),
                          ("text", lambda: tokenizer.encode(SURROGATE)),
                          ("text", lambda: tokenizer.tokenize(SURROGATE)),
                          ("messages", lambda: tokenizer.apply_chat_template([{"role": "user", "content": SURROGATE}])),
                          ("method", lambda: self.explained(method=["saliency", SURROGATE]))):
            self.refused(key, work, explainer.InputError, "surrogate")

    def test_whole_numbers(self):
        compute = explainer.Explainer(model=tiny(), method="Gradient").compute
        output = tiny().generate(IDS, max_new_tokens=3)
        for shape in ("11", True, 1.0, None.__class__, [], (1, 0), (1, 99), "a", np.bool_(True), [[1]]):
            self.refused("input_shape", lambda shape=shape: compute(input_ids=IDS, output=output, input_shape=shape))
        for shape in (5, (1, 5), np.array(IDS).shape, np.array([1, 5]), np.int64(5)):
            self.assertEqual(len(compute(input_ids=IDS, output=output, input_shape=shape).prompt_ids), 5)
        for key in ("max_new_tokens", "top_k", "num_beams", "seed", "num_assistant_tokens", "max_length",
                    "prompt_lookup_num_tokens"):
            for value in ("5", True, 5.5, [5], float("nan")):
                self.refused(key, lambda key=key, value=value: tiny().generate(IDS, do_sample=True, **{key: value}))
        for key, value in (("steps", "5"), ("steps", True), ("positions", "0"), ("positions", True)):
            with self.assertRaises(explainer.Error):
                self.explained(method="integrated_gradients", **{key: value})
        for value in ("12", [True], [1.5], [-1], 5):
            self.refused("n_matches", lambda value=value: tiny().explain(**REQUEST, n_matches=value))
            self.refused("n_matches", lambda value=value: compute(input_ids=IDS, output=output, n_matches=value))
        for value in ("0", True, [0.5], ["0"]):
            self.refused("positions", lambda value=value: compute(input_ids=IDS, output=output, positions=value))

    def test_numbers_out_of_range(self):
        result = self.explained()
        for threads in (10 ** 6, -1, "2", True, 1.5):
            self.refused("threads", lambda threads=threads: explainer.load(LLAMA, threads=threads))
            self.refused("threads", lambda threads=threads: explainer.quantize(LLAMA, "x.gguf", "F32", threads))
        for width in (-1, 0, 10 ** 6, "960", True, None):
            self.refused("width", lambda width=width: result.plot(width=width))
        self.refused("top", lambda: result.compare(result, top=0))
        self.refused("differences", lambda: result.compare(result, differences=-1))


class Ids(Arguments):
    def test_every_shape_of_a_tokenizer(self):
        expected = self.explained().gradient is None
        forms = [IDS, tuple(IDS), [IDS], (tuple(IDS),), np.array(IDS), np.array([IDS], np.int32), Tensor(IDS),
                 Tensor([IDS]), [np.int64(token) for token in IDS], "5,9,12,7,3",
                 {"input_ids": [IDS], "attention_mask": [[1] * 5]},
                 types.SimpleNamespace(ids=IDS), [np.array(IDS)]]
        for form in forms:
            with self.subTest(form=form):
                self.assertEqual(self.explained(prompt_ids=form).prompt_ids.tolist(), IDS)
                self.assertEqual(self.explained(answer_ids=form).answer_ids.tolist(), IDS)
                if not isinstance(form, str):
                    self.assertEqual(tiny().generate(form, max_new_tokens=1)[0, :5].tolist(), IDS)
        self.assertTrue(expected)
        self.assertEqual(self.explained(prompt_ids=range(3, 6)).prompt_ids.tolist(), [3, 4, 5])
        self.assertEqual(tiny().generate(range(3, 6), max_new_tokens=1)[0, :3].tolist(), [3, 4, 5])

    def test_what_are_no_ids(self):
        output = tiny().generate(IDS, max_new_tokens=3)
        compute = explainer.Explainer(model=tiny()).compute
        for values in ([1.0, 2.0], [1, None], [1, "2"], [True, 1], np.array([1.5]), [IDS, IDS], 5, np.array(5),
                       [float("nan")], {"ids": IDS}, b"12", object()):
            with self.subTest(values=values):
                for key in ("prompt_ids", "answer_ids", "label_ids", "token_type_ids"):
                    self.refused(key, partial(self.explained, **{key: values}), explainer.Error)
                for key, work in (("input_ids", partial(tiny().generate, values)),
                                  ("input_ids", partial(compute, input_ids=values, output=output)),
                                  ("labels", partial(compute, input_ids=IDS, output=output, labels=values)),
                                  ("output", partial(compute, input_ids=IDS, output=values))):
                    self.refused(key, work, explainer.Error)
        for values in (None, "ids"):
            self.refused("input_ids", lambda values=values: tiny().generate(values), explainer.Error)
            self.refused("input_ids", lambda values=values: compute(input_ids=values, output=output), explainer.Error)

    def test_decoding(self):
        tokenizer = tiny().tokenizer
        for values in (None, "5", [1.5], [None], {}, [True]):
            self.refused("token_ids", lambda values=values: tokenizer.decode(values), explainer.Error)
            self.refused("ids", lambda values=values: tokenizer.convert_ids_to_tokens(values), explainer.Error)
        for values in (-1, [10 ** 9], [10 ** 30]):
            self.refused("token_ids", lambda values=values: tokenizer.decode(values), explainer.InputError)
            self.refused("ids", lambda values=values: tokenizer.convert_ids_to_tokens(values), explainer.InputError)
        self.refused("sequences", lambda: tokenizer.batch_decode(5))


class Lists(Arguments):
    def test_one_element_is_a_list_of_one(self):
        output = tiny().generate(IDS, max_new_tokens=3)
        compute = explainer.Explainer(model=tiny(), method="Attention").compute
        self.assertEqual(compute(input_ids=IDS, output=output, positions=0).attention["pair_attention"].tolist(),
                         compute(input_ids=IDS, output=output).attention["pair_attention"].tolist())
        with self.assertRaisesRegex(explainer.UsageError, "got 1 names .q_proj."):
            compute(input_ids=IDS, output=output, layer_names="q_proj")
        with self.assertRaisesRegex(explainer.UsageError, "nowhere"):
            explainer.load(LLAMA, rpc="nowhere")
        for lora in ("a.gguf", ("a.gguf", 0.5), [("a.gguf", 0.5)], ["a.gguf"]):
            with self.assertRaisesRegex(explainer.Error, "a.gguf"):
                explainer.load(LLAMA, lora=lora)
        for lora in (5, [5], [("a.gguf", "x")], [("a", 1, 2)]):
            self.refused("lora", lambda lora=lora: explainer.load(LLAMA, lora=lora))

    def test_places_as_pairs(self):
        request = {"prompt_ids": IDS, "answer_ids": [8, 4, 6], "method": "leave_one_out"}
        as_text = tiny().explain(**request, unit="spans", unit_spans=["0:3", "3:5"], target_span="1:3").attributions[0]
        for spans in ([(0, 3), (3, 5)], np.array([[0, 3], [3, 5]]), [range(3), "3:5"]):
            for target in ((1, 3), [1, 3], range(1, 3), np.array([1, 3])):
                found = tiny().explain(**request, unit="spans", unit_spans=spans, target_span=target).attributions[0]
                self.assertEqual(found["scores"].tolist(), as_text["scores"].tolist())
        for span in ((1.5, 2), (True, 2), (-1, 2), 5, {"a": 1}):
            self.refused("target_span", lambda span=span: tiny().explain(**request, target_span=span))


def prepared(inputs, task, model):
    return Preprocessor(None, inputs, task_type=task, model_name_or_path=model)()


class WrongTypes(Arguments):
    def test_everywhere(self):
        model, tokenizer, result = tiny(), tiny().tokenizer, self.explained()
        output = model.generate(IDS, max_new_tokens=3)
        compute = explainer.Explainer(model=model).compute
        seq2seq, qa = golden_path("t5-tiny"), golden_path("bertqa-tiny")
        cases = [
            ("path", lambda: explainer.load(None)), ("path", lambda: explainer.load(5)),
            ("path", lambda: explainer.load("")), ("path", lambda: explainer.AutoTokenizer.from_pretrained(None)),
            ("use_mmap", lambda: explainer.load(LLAMA, use_mmap="yes")),
            ("n_gpu", lambda: explainer.load(LLAMA, n_gpu=1)), ("progress", lambda: explainer.load(LLAMA, progress=5)),
            ("model", lambda: explainer.explain(None)), ("progress", lambda: self.explained(progress="x")),
            ("on_text", lambda: self.explained(on_text=5)), ("tokenizer", lambda: self.explained(tokenizer=5)),
            ("steps", lambda: self.explained(steps=object())), ("messages", lambda: self.explained(messages=5)),
            ("messages", lambda: tokenizer.apply_chat_template("hello")),
            ("messages", lambda: tokenizer.apply_chat_template(None)),
            ("add_generation_prompt", lambda: tokenizer.apply_chat_template([], add_generation_prompt="x")),
            ("max_tokens", lambda: model.generate(IDS, max_tokens=3)),
            ("streamer", lambda: model.generate(IDS, streamer=5)),
            ("assistant_model", lambda: model.generate(IDS, assistant_model=5)),
            ("do_sample", lambda: model.generate(IDS, do_sample="no")),
            ("temperature", lambda: model.generate(IDS, do_sample=True, temperature="hot")),
            ("early_stopping", lambda: model.generate(IDS, num_beams=2, early_stopping=[])),
            ("eos_token_id", lambda: model.generate(IDS, eos_token_id="x")),
            ("text", lambda: tokenizer(None)), ("text", lambda: tokenizer(5)), ("text", lambda: tokenizer([1, 2])),
            ("text_pair", lambda: tokenizer("a", 5)), ("text", lambda: tokenizer.tokenize(None)),
            ("path", lambda: result.save(None)), ("path", lambda: result.save(5)),
            ("raw", lambda: result.to_json(raw="x")),
            ("raw", lambda: result.save("x.html", raw=True)), ("kind", lambda: result.plot(5)),
            ("method", lambda: result.plot(method=None)), ("other", lambda: result.compare(None)),
            ("other", lambda: result.compare({})), ("top", lambda: result.compare(result, top="x")),
            ("source", lambda: explainer.load_result(None)), ("source", lambda: explainer.load_result(5)),
            ("input", lambda: explainer.quantize(None, "x", "F32")),
            ("output", lambda: explainer.quantize(LLAMA, 5, "F32")),
            ("type", lambda: explainer.quantize(LLAMA, "x", 5)),
            ("method", lambda: explainer.Explainer(model=model, method=None)),
            ("method", lambda: explainer.Explainer(model=model, method=[5])),
            ("method", lambda: explainer.Explainer(model=model, method=[])),
            ("task_type", lambda: compute(input_ids=IDS, output=output, task_type=None)),
            ("output", lambda: compute(input_ids=IDS)), ("output", lambda: compute(input_ids=IDS, output={})),
            ("task_type", lambda: Preprocessor(task_type="x", model_name_or_path=LLAMA)),
            ("input_text", lambda: prepared(5, "question_answering", qa)),
            ("input_text", lambda: prepared({"question": "a"}, "question_answering", qa)),
            ("input_text", lambda: prepared([{"x": "a"}], "translation", seq2seq)),
            ("input_text", lambda: prepared([], "translation", seq2seq)),
            ("model_config_path", lambda: Preprocessor(None, [], task_type="translation", model_name_or_path=seq2seq,
                                                       model_config_path=5)),
        ]
        for key, work in cases:
            with self.subTest(key=key, line=work.__code__.co_firstlineno):
                self.refused(key, work)

    def test_files(self):
        with tempfile.TemporaryDirectory() as scratch:
            binary = os.path.join(scratch, "r.json")
            with open(binary, "wb") as file:
                file.write(b"\xff\xfe\x00")
            for source in (binary, os.path.join(scratch, "none.json"), scratch):
                with self.assertRaises(explainer.InputError):
                    explainer.load_result(source)


class Tokenizers(Arguments):
    def setUp(self):
        self.tokenizer = explainer.AutoTokenizer.from_pretrained(golden_path("llama-tiny"))

    def test_the_padding_that_is_set(self):
        ids = self.tokenizer("the cat").input_ids
        for name, value in (("pad_token", self.tokenizer.convert_ids_to_tokens(ids[-1])), ("pad_token_id", ids[-1])):
            setattr(self.tokenizer, name, value)
            self.assertEqual(self.tokenizer.pad_token_id, ids[-1])
            batch = self.tokenizer(["the cat sat", "the"], padding=True)
            self.assertEqual(batch.input_ids[1][-1], ids[-1])
            self.assertEqual(batch.attention_mask[1][-1], 0)
        self.tokenizer.padding_side = "left"
        batch = self.tokenizer(["the cat sat", "the"], padding=True, return_tensors="np")
        self.assertEqual((batch.input_ids[1, 0], batch.attention_mask[1, 0]), (ids[-1], 0))
        self.refused("padding_side", lambda: setattr(self.tokenizer, "padding_side", "middle"))
        self.refused("pad_token", lambda: setattr(self.tokenizer, "pad_token", "the cat sat on"))
        self.refused("pad_token_id", lambda: setattr(self.tokenizer, "pad_token_id", 10 ** 9))
        self.tokenizer.pad_token = None
        self.refused("padding", lambda: self.tokenizer(["the cat sat", "the"], padding=True))

    def test_what_cannot_be_set(self):
        for name in ("eos_token", "bos_token_id", "mask_token"):
            self.refused(name, lambda name=name: setattr(self.tokenizer, name, None))

    def test_what_would_have_no_effect(self):
        for kind in ("tf", "jax", True, 5):
            self.refused("return_tensors", lambda kind=kind: self.tokenizer("a", return_tensors=kind))
            self.refused("return_tensors",
                         lambda kind=kind: self.tokenizer.apply_chat_template([], return_tensors=kind))
        self.refused("max_length", lambda: self.tokenizer("a", max_length=2))
        self.refused("max_length", lambda: self.tokenizer("a", truncation=True, max_length=0))
        self.refused("truncation", lambda: self.tokenizer("a", truncation="sometimes"))


if __name__ == "__main__":
    unittest.main()
