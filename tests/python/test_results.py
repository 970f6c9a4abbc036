"""Results kept: saved and read, pickled and copied, in the memory that they take, and in other tools' forms."""

import concurrent.futures
import copy
import gc
import json
import multiprocessing
import os
import pickle
import shutil
import subprocess
import tempfile
import types
import unittest
import weakref
from unittest import mock

import explainer
import numpy as np
from explainer.result_types import Attention, Gradient, LogitLens, Span
from support import DEMO, golden_path, needs_demo, tiny

REQUEST = {"prompt_ids": [5, 9, 12, 7, 3], "answer_ids": [8, 4, 6]}
EVERYTHING = {**REQUEST, "method": ["attention", "gradient", "input_x_gradient", "leave_one_out"],
              "attention_weights": True, "all_rows": True, "hidden_states": True, "logit_lens": 2, "check": True,
              "label_ids": [8, 4, 5], "seeds": 2}


def explained():
    return tiny().explain(**EVERYTHING)


def in_a_worker(request):
    return tiny().explain(**request)


def plain(value):
    """Values that compare."""
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.shape if value.size else "empty", value.tobytes())
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def numbers(result):
    """Every number of a result, by attribute."""
    return {name: plain(getattr(result, name)) for name in dir(result)
            if not name.startswith("_") and name != "core" and not callable(getattr(result, name))}



class WhyOfAModel(unittest.TestCase):
    DOCUMENTS = ({"title": "a.txt", "text": "Ada came at noon."}, "Bo left at nine.", "Cy slept.")
    TEMPLATE = "{% for m in messages %}{{ m.role + ': ' + m.content + '\\n' }}{% endfor %}assistant: "

    def test_it_says_what_each_sentence_rests_on(self):
        model = explainer.load(golden_path("llama-tiny.gguf"), chat_template=self.TEMPLATE)
        result = model.why(documents=self.DOCUMENTS, user="When did Ada come?", answer="At noon. I think.")
        why = result.why
        self.assertEqual([one["text"] for one in why["passages"]],
                         ["Ada came at noon.", "Bo left at nine.", "Cy slept."])
        self.assertEqual([one["title"] for one in why["passages"]], ["a.txt", "", ""])
        self.assertEqual([one["text"] for one in why["sentences"]], ["At noon. ", "I think."])
        self.assertEqual(np.shape(why["strengths"]), (2, 3))
        self.assertEqual(list(result.attributions), [])
        again = model.explain(why=True, documents=self.DOCUMENTS, user="When did Ada come?", answer="At noon. I think.")
        np.testing.assert_array_equal(again.why["strengths"], why["strengths"])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "why.json")
            result.save(path)
            kept = explainer.load_result(path).why
        self.assertEqual(kept["sentences"], why["sentences"])
        np.testing.assert_array_equal(kept["strengths"], why["strengths"])

    def test_others_have_none(self):
        self.assertIsNone(tiny().explain(**REQUEST, method="saliency").why)


class RoundTrips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.result = explained()
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.path = os.path.join(scratch.name, "r.safetensors")

    def assert_same(self, other):
        self.assertEqual(numbers(other), numbers(self.result))
        self.assertEqual(other.to_json(raw=True), self.result.to_json(raw=True))
        self.assertEqual(list(other), list(self.result))

    def test_safetensors_hold_everything(self):
        self.assertGreater(len(numbers(self.result)), 25)
        self.result.save(self.path)
        self.assert_same(explainer.load_result(self.path))
        with open(self.path, "rb") as file:
            content = file.read()
        self.assert_same(explainer.load_result(content))
        again = self.path + ".again.safetensors"
        explainer.load_result(self.path).save(again)
        with open(again, "rb") as file:
            self.assertEqual(file.read(), content)

    def test_of_every_kind_of_model(self):
        encoder = explainer.load(golden_path("bertqa-tiny")).explain(question="who", context="the cat sat", **{
            key: EVERYTHING[key] for key in ("method", "attention_weights", "all_rows")})
        seq2seq = explainer.load(golden_path("t5-tiny")).explain(
            **REQUEST, task="summarization", attention_weights=True, method=["attention", "gradient"])
        for result in (encoder, seq2seq):
            result.save(self.path)
            self.assertEqual(numbers(explainer.load_result(self.path)), numbers(result))

    def test_raw_json(self):
        path = self.path + ".json"
        self.result.save(path, raw=True)
        again = explainer.load_result(path)
        self.assertEqual(again.to_json(raw=True), self.result.to_json(raw=True))
        for one in (explainer.load_result(again.to_json(raw=True)), explainer.load_result(again.to_json().encode())):
            self.assertEqual(one.to_json(), self.result.to_json())

    def test_the_command_line_s_tensors_too(self):
        subprocess.run([os.environ["LLMX_CLI"], "explain", "--request", "-", "--tensors", self.path, "--quiet"],
                       check=True, input=json.dumps({**REQUEST, "model": golden_path("llama-tiny.gguf")}), text=True)
        again = explainer.load_result(self.path)
        self.assertEqual(plain(again.gradient), plain(tiny().explain(**REQUEST).gradient))

    def test_damage_is_an_error(self):
        self.result.save(self.path)
        with open(self.path, "rb") as file:
            whole = file.read()
        length = int.from_bytes(whole[:8], "little")
        header = json.loads(whole[8:8 + length])

        def with_header(change):
            changed = json.loads(json.dumps(header))
            change(changed)
            text = json.dumps(changed).encode()
            return len(text).to_bytes(8, "little") + text + whole[8 + length:]

        first = next(name for name in header if name != "__metadata__")
        cases = {
            "nothing": b"", "not JSON": b"\xff\xfe\x00", "cut": whole[:-1], "cut header": whole[:100],
            "no result": with_header(lambda h: h["__metadata__"].pop("result")),
            "no metadata": with_header(lambda h: h.pop("__metadata__")),
            "shape": with_header(lambda h: h[first].update(shape=[10 ** 6, 10 ** 6])),
            "shape of text": with_header(lambda h: h[first].update(shape=["a"])),
            "offsets": with_header(lambda h: h[first].update(data_offsets=[0, 10 ** 15])),
            "dtype": with_header(lambda h: h[first].update(dtype="F64")),
            "rows": with_header(lambda h: h["__metadata__"].update(attention_rows="[[")),
        }
        for name, content in cases.items():
            with self.subTest(name), self.assertRaisesRegex(explainer.InputError, "expected|has no"):
                explainer.load_result(content)
        for source in ("no/such/file.json", "/", None, 5):
            with self.subTest(source=source), self.assertRaises(explainer.Error):
                explainer.load_result(source)


class Copies(unittest.TestCase):
    def test_pickled(self):
        result = explained()
        result["note"] = "mine"
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(result, protocol))
            self.assertEqual(numbers(again), numbers(result))
            self.assertEqual(again["note"], "mine")

    def test_pickled_with_another_tokenizer_s_texts(self):
        class Upper:
            def decode(self, ids):
                return str(ids[0])
        result = tiny().explain(**REQUEST, tokenizer=Upper())
        self.assertEqual(pickle.loads(pickle.dumps(result))["Prompt"], ["5", "9", "12", "7", "3"])
        self.assertEqual(copy.copy(result)["Decode_output"], ["8", "4", "6"])

    def test_copied(self):
        result = explained()
        result["notes"] = ["mine"]
        for copied in (copy.copy(result), result.copy(), copy.deepcopy(result)):
            self.assertIsInstance(copied, explainer.Result)
            self.assertEqual(numbers(copied), numbers(result))
            copied["Prompt"].append("x")
            copied["other"] = 1
        self.assertNotIn("other", result)
        self.assertEqual(len(result["Prompt"]), 5)
        self.assertIs(result.copy()["notes"], result["notes"])
        self.assertIsNot(copy.deepcopy(result)["notes"], result["notes"])

    def test_parts_are_pickled_as_plain_values(self):
        table = pickle.loads(pickle.dumps(explained()["Attention"]))
        self.assertEqual(list(table["pair_result"]["attention"]), explained().attention["pair_attention"].tolist())
        self.assertIsInstance(pickle.loads(pickle.dumps(explained().attributions)), list)

    def test_models_are_pickled_by_path(self):
        model = explainer.load(golden_path("llama-tiny.gguf"), threads=1)
        again = pickle.loads(pickle.dumps(model))
        self.assertIs(again.core, model.core)
        self.assertIs(copy.deepcopy(model).core, model.core)
        tokenizer = pickle.loads(pickle.dumps(model.tokenizer))
        self.assertEqual(tokenizer("the cat").input_ids, model.tokenizer("the cat").input_ids)
        output = model.generate([5, 9], max_new_tokens=3, return_dict_in_generate=True, output_logits=True)
        copied = pickle.loads(pickle.dumps(output))
        self.assertEqual(copied.generation.ids, output.generation.ids)
        self.assertEqual(plain(copied.generation.logits), plain(output.generation.logits))

    def test_other_processes_return_them(self):
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            found = pool.submit(in_a_worker, REQUEST).result()
        self.assertEqual(plain(found.gradient), plain(tiny().explain(**REQUEST).gradient))


class Weight:
    """As of PyTorch."""

    dtype, is_meta = "torch.float32", False

    def __init__(self, *shape):
        self.values = np.full(shape, 0.01, np.float32)
        self.shape = shape

    def detach(self):
        return self

    cpu = contiguous = detach

    def data_ptr(self):
        return self.values.ctypes.data

    def stride(self):
        return self.values.strides

    def numel(self):
        return self.values.size

    def element_size(self):
        return 4


class Module:
    """As of transformers: a Llama of 46 MB with the tokenizer of llama-tiny, which is its own tokenizer here."""

    def __init__(self, size=512, inner=2048, blocks=3):
        with open(golden_path("llama-tiny/config.json"), encoding="utf-8") as file:
            values = {**json.load(file), "hidden_size": size, "intermediate_size": inner, "num_hidden_layers": blocks,
                      "num_attention_heads": 8, "num_key_value_heads": 8, "head_dim": size // 8}
        self.config = types.SimpleNamespace(_name_or_path="m", to_json_string=lambda use_diff: json.dumps(values))
        self.weights = {"model.embed_tokens.weight": Weight(384, size), "model.norm.weight": Weight(size),
                        "lm_head.weight": Weight(384, size)}
        for block in range(blocks):
            for name, shape in (("self_attn.q_proj", (size, size)), ("self_attn.k_proj", (size, size)),
                                ("self_attn.v_proj", (size, size)), ("self_attn.o_proj", (size, size)),
                                ("mlp.gate_proj", (inner, size)), ("mlp.up_proj", (inner, size)),
                                ("mlp.down_proj", (size, inner)), ("input_layernorm", (size,)),
                                ("post_attention_layernorm", (size,))):
                self.weights[f"model.layers.{block}.{name}.weight"] = Weight(*shape)

    def state_dict(self):
        return self.weights

    def save_pretrained(self, directory):
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(golden_path(f"llama-tiny/{name}"), directory)

    def decode(self, ids):
        return str(ids)


def resident():
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Memory(unittest.TestCase):
    def test_kept_arrays_hold_no_copy_of_a_module(self):
        module, kept, sizes = Module(), [], []
        for _ in range(4):
            with explainer.Explainer(module=module, method=["Attention", "Gradient"]) as explain:
                result = explain.compute(tokenizer=module, input_ids=[5, 9, 12], output=[5, 9, 12, 8, 4])
            kept.append((result["Gradient"]["saliency_map"], result["Attention"]))
            sizes.append(resident())
        self.assertLess(sizes[-1] - sizes[0], 15e6, sizes)  # a copy takes 51e6

    @needs_demo
    def test_kept_arrays_hold_no_model(self):
        kept, sizes = [], []
        for _ in range(4):
            model = explainer.load(DEMO, use_mmap=False)
            result = model.explain(prompt_ids=[5, 9, 12], answer_ids=[8, 4], method=["attention", "gradient"])
            kept.append((result.gradient["saliency_map"], result.attention["mean"]))
            del model, result
            sizes.append(resident())
        self.assertLess(sizes[-1] - sizes[0], 20e6)  # a model takes 94e6

    def test_a_result_alone_is_freed_without_the_collector(self):
        gc.disable()
        try:
            result = explained()
            gone = weakref.ref(result)
            del result
            self.assertIsNone(gone())
        finally:
            gc.enable()


class Forms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.result = explained()

    def test_attributions_by_name(self):
        all_of_them = self.result.attributions
        self.assertEqual(plain(all_of_them["leave_one_out"]), plain(all_of_them[1]))
        self.assertEqual(plain(self.result["attributions"]["leave_one_out"]), plain(all_of_them[1]))
        self.assertIn("leave_one_out", all_of_them)
        self.assertNotIn("shapley", all_of_them)
        with self.assertRaisesRegex(explainer.UsageError, "0 of the method 'shapley'.*input_x_gradient, leave_one_out"):
            all_of_them["shapley"]

    def test_completion(self):
        names = dir(self.result)
        for name in ("attention", "gradient", "attributions", "perplexity", "save", "to_json"):
            self.assertIn(name, names)
            getattr(self.result, name)
        self.assertNotIn("svg", names)
        self.assertEqual(self.result._ipython_key_completions_(), list(self.result))
        with self.assertRaisesRegex(AttributeError, "expected one of .*attributions"):
            _ = self.result.nothing

    def test_types_name_every_key(self):
        annotated = set(explainer.Result.__annotations__)
        self.assertEqual(annotated, {name for name in dir(self.result) if name in annotated or not (
            name.startswith("_") or name == "core" or callable(getattr(self.result, name)))})
        encoder = explainer.load(golden_path("bertqa-tiny"))
        span = encoder.explain(question="who", context="the cat", method="saliency").span
        for found, declared in ((self.result.attention, Attention), (self.result.gradient, Gradient), (span, Span),
                                (self.result.logit_lens, LogitLens)):
            self.assertEqual(set(found), set(declared.__annotations__), declared.__name__)

    def test_bertviz(self):
        arguments = self.result.to_bertviz()
        self.assertEqual(len(arguments["attention"]), 3)
        self.assertEqual(arguments["attention"][0].shape, (1, 4, 7, 7))
        self.assertEqual(len(arguments["tokens"]), 7)
        self.assertEqual(plain(np.asarray(arguments["attention"][2])[0, 1]), plain(
            np.ascontiguousarray(self.result.attention["weights"][2][1, :, :7])))
        both = explainer.load(golden_path("t5-tiny")).explain(**REQUEST, task="summarization", method="attention",
                                                             attention_weights=True).to_bertviz()
        self.assertEqual(both["cross_attention"][0].shape[2:],
                         (len(both["decoder_tokens"]), len(both["encoder_tokens"])))
        for other in (tiny().explain(**REQUEST, method="saliency"), tiny().explain(**REQUEST, method="attention")):
            with self.assertRaisesRegex(explainer.InputError, "expected"):
                other.to_bertviz()

    def test_pictures_as_files(self):
        with tempfile.TemporaryDirectory() as scratch, mock.patch.dict(os.environ, PATH=os.path.dirname(
                os.environ["LLMX_CLI"]) + os.pathsep + os.environ["PATH"]):
            picture = self.result.plot("matrix", method="leave_one_out")
            for name, begin in (("p.svg", picture.svg[:20].encode()), ("p.png", b"\x89PNG")):
                picture.save(os.path.join(scratch, name))
                with open(os.path.join(scratch, name), "rb") as file:
                    self.assertTrue(file.read().startswith(begin))
            with self.assertRaisesRegex(explainer.UsageError, "ends in .svg or .png"):
                picture.save(os.path.join(scratch, "p.gif"))
            with self.assertRaises(explainer.OutputError):
                picture.save(os.path.join(scratch, "no", "p.svg"))
            try:
                import matplotlib  # noqa: F401
            except ImportError:
                with self.assertRaisesRegex(explainer.UsageError, "pip install matplotlib"):
                    picture.figure()
            else:
                self.assertEqual(len(picture.figure().axes), 1)


if __name__ == "__main__":
    unittest.main()
