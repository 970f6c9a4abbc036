"""Models, tokenizers, generation and results: what they return, what they refuse, and how they behave."""

import io
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import explainer
import numpy as np
from explainer.progress import ProgressLine
from support import assert_measured, golden, golden_path, relative_l2, tiny

PROMPT = [5, 9, 12, 7, 3]
REQUEST = {"prompt_ids": PROMPT, "answer_ids": [8, 4, 6]}


class Errors(unittest.TestCase):
    def test_codes(self):
        codes = {name: getattr(explainer, name).code for name in explainer.__all__ if name.endswith("Error")
                 and name != "Error"}
        self.assertEqual(codes, {"UsageError": 2, "InputError": 3, "ModelError": 4, "UnsupportedError": 5,
                                 "ContextOverflowError": 6, "OutputError": 7, "CancelledError": 8, "InternalError": 9})
        for name in codes:
            self.assertTrue(issubclass(getattr(explainer, name), explainer.Error))

    def test_from_the_library(self):
        cases = [(explainer.ModelError, "no such file", lambda: explainer.load("no/such.gguf")),
                 (explainer.UsageError, "unknown request key \"methd\"; nearest: method",
                  lambda: tiny().explain(**REQUEST, methd="x")),
                 (explainer.UsageError, "nowhere",
                  lambda: explainer.load(golden_path("llama-tiny.gguf"), rpc=["nowhere"])),
                 (explainer.UsageError, "`lora` belongs to the model", lambda: tiny().explain(**REQUEST, lora=["x"])),
                 (explainer.InputError, "", lambda: tiny().explain(prompt_ids=[10 ** 6], answer_ids=[1])),
                 (explainer.ContextOverflowError, "", lambda: tiny().explain(prompt_ids=[5] * 5000, answer_ids=[1])),
                 (explainer.OutputError, "", lambda: tiny().explain(**REQUEST).save("/no/such/directory/x.json")),
                 (explainer.ModelError, "Hugging Face Hub", lambda: explainer.AutoTokenizer.from_pretrained("a/b-c")),
                 (explainer.InputError, "label_ids", lambda: tiny().explain(**REQUEST, label_ids=[-1])),
                 (explainer.UsageError, "ends in", lambda: tiny().explain(**REQUEST).save("x.txt")),
                 (explainer.UnsupportedError, "AutoModelForCausalLM", lambda: explainer.AutoModelForSeq2SeqLM
                  .from_pretrained(golden_path("llama-tiny.gguf"))),
                 (explainer.UsageError, "weights keep", lambda: explainer.AutoModelForCausalLM
                  .from_pretrained(golden_path("llama-tiny.gguf"), dtype="float16"))]
        for kind, text, work in cases:
            with self.subTest(kind=kind.__name__, text=text), self.assertRaisesRegex(kind, text):
                work()

    def test_key(self):
        with self.assertRaisesRegex(explainer.InputError, "^`prompt_ids`: id 1000000 ") as caught:
            tiny().explain(prompt_ids=[10 ** 6], answer_ids=[1])
        self.assertEqual(caught.exception.key, "prompt_ids")
        with self.assertRaises(explainer.ModelError) as caught:
            explainer.load("no/such.gguf")
        self.assertIsNone(caught.exception.key)
        self.assertIsNone(explainer.UsageError("mine").key)


class Generate(unittest.TestCase):
    def test_shapes(self):
        out = tiny().generate(np.array([PROMPT]), max_new_tokens=4, return_dict_in_generate=True, output_logits=True)
        self.assertEqual(out.sequences.shape, (1, 9))
        self.assertEqual(out.sequences[0, :5].tolist(), PROMPT)
        self.assertEqual([one.shape for one in out["logits"]], [(1, tiny().facts["vocabulary"])] * 4)
        self.assertEqual([int(one.argmax()) for one in out.logits], out.sequences[0, 5:].tolist())
        self.assertEqual(tiny().generate(PROMPT, max_length=8).shape, (1, 8))

    def test_sampling(self):
        def write(**options):
            return tiny().generate(PROMPT, max_new_tokens=8, **options).tolist()
        self.assertEqual(write(temperature=3.0, top_k=5), write())  # greedy whatever these say
        sampled = {tuple(write(do_sample=True, temperature=5.0, top_k=0, seed=seed)[0]) for seed in range(6)}
        self.assertGreater(len(sampled), 1)
        self.assertEqual(write(do_sample=True, seed=3), write(do_sample=True, seed=3))

    def test_eos(self):
        whole = tiny().generate(PROMPT, max_new_tokens=8)[0].tolist()
        self.assertEqual(len(whole), 13)
        stop = whole[7]
        for given in (stop, [stop, 1], np.array([stop])):
            cut = tiny().generate(PROMPT, max_new_tokens=8, eos_token_id=given)[0].tolist()
            self.assertEqual(cut, whole[:whole.index(stop, 5) + 1])
        with self.assertRaises(explainer.UsageError):
            tiny().generate(PROMPT, num_beams=2, eos_token_id=stop)

    def test_generation_config(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = shutil.copytree(golden_path("llama-tiny"), os.path.join(scratch, "m"))

            def configured(**config):
                with open(os.path.join(path, "generation_config.json"), "w", encoding="utf-8") as file:
                    json.dump(config, file)
                return explainer.load(path)
            model = configured(max_new_tokens=3, repetition_penalty=1.9, use_cache=True, transformers_version="5")
            self.assertEqual(model.generate(PROMPT).tolist(),
                             tiny().generate(PROMPT, max_new_tokens=3, repetition_penalty=1.9).tolist())
            self.assertEqual(model.generate(PROMPT, max_new_tokens=4).shape, (1, 9))
            model = configured(no_repeat_ngram_size=3)
            with self.assertRaisesRegex(explainer.UsageError, "in generation_config.json .to turn it off: no_repeat"):
                model.generate(PROMPT)
            self.assertEqual(model.generate(PROMPT, no_repeat_ngram_size=0).tolist(), tiny().generate(PROMPT).tolist())

    def test_streamers(self):
        seen, texts = [], []

        class Streamer:
            def put(self, ids):
                seen.extend(np.ravel(ids).tolist())

            def end(self):
                seen.append("end")

        out = tiny().generate(PROMPT, max_new_tokens=4, streamer=Streamer())
        self.assertEqual(seen, out[0].tolist() + ["end"])
        tiny().generate(PROMPT, max_new_tokens=4, streamer=texts.append)
        self.assertEqual(len(texts), 4)
        # A function that answers False ends the text.
        self.assertEqual(tiny().generate(PROMPT, max_new_tokens=4, streamer=lambda text: False).shape, (1, 6))

    def test_assistant(self):
        expected = tiny().generate(PROMPT, max_new_tokens=8).tolist()
        out = tiny().generate(PROMPT, max_new_tokens=8, assistant_model=explainer.load(golden_path("llama-tiny.gguf")),
                              return_dict_in_generate=True)
        self.assertEqual(out.sequences.tolist(), expected)
        self.assertEqual(out.generation.n_drafted, out.generation.n_matches)

    def test_what_is_refused(self):
        for options in ({"num_return_sequences": 2}, {"do_sample": True, "num_beams": 2}, {"output_attentions": True},
                        {"max_length": 5}, {"assistant_model": "x"}, {"early_stopping": "perhaps"}):
            with self.subTest(**options), self.assertRaises(explainer.UsageError):
                tiny().generate(PROMPT, **options)
        with self.assertRaisesRegex(TypeError, "max_tokens"):
            tiny().generate(PROMPT, max_tokens=3)
        with self.assertRaisesRegex(explainer.InputError, "2 texts"):
            tiny().generate([PROMPT, PROMPT])
        with self.assertRaisesRegex(explainer.InputError, "padding"):
            tiny().generate(PROMPT, attention_mask=[0, 1, 1, 1, 1])

    def test_exceptions_of_callbacks_come_out(self):
        def fail(_):
            raise RuntimeError("mine")
        with self.assertRaisesRegex(RuntimeError, "mine"):
            tiny().generate(PROMPT, max_new_tokens=4, streamer=fail)


class Loading(unittest.TestCase):
    def test_once_while_somebody_holds_it(self):
        first, second = tiny(), tiny()
        self.assertIs(first.core, second.core)
        self.assertIsNot(first.core, explainer.load(golden_path("llama-tiny.gguf"), threads=1).core)

    def test_again_when_its_files_have_changed(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = shutil.copytree(golden_path("llama-tiny"), os.path.join(scratch, "m"))
            held = explainer.load(path)
            before = held.explain(**REQUEST, method="gradient").token_logprobs.copy()
            weights = os.path.join(path, "model.safetensors")
            with open(weights, "r+b") as file:
                size = int.from_bytes(file.read(8), "little")
                names = json.loads(file.read(size))
                begin, end = names["model.layers.0.mlp.down_proj.weight"]["data_offsets"]
                file.seek(8 + size + begin)
                doubled = 2 * np.frombuffer(file.read(end - begin), np.float32)
                file.seek(8 + size + begin)
                file.write(doubled.tobytes())
            after = explainer.load(path).explain(**REQUEST, method="gradient").token_logprobs
            self.assertGreater(relative_l2(after, before), 1e-3)


class Tokens(unittest.TestCase):
    def setUp(self):
        self.tokenizer = explainer.AutoTokenizer.from_pretrained(golden_path("llama-tiny"))

    def test_as_hugging_face_has_them(self):
        with open(golden_path("llama-tiny/tokenization.json"), encoding="utf-8") as file:
            rows = json.load(file)["rows"]
        for row in rows:
            with self.subTest(row["text"]):
                self.assertEqual(self.tokenizer(row["text"])["input_ids"], row["ids_with_special"])
                self.assertEqual(self.tokenizer(row["text"], add_special_tokens=False)["input_ids"], row["ids"])

    def test_forms(self):
        ids = self.tokenizer("the cat").input_ids
        self.assertIsInstance(ids, list)
        array = self.tokenizer("the cat", return_tensors="pt")
        self.assertEqual(array["input_ids"].tolist(), [ids])
        self.assertEqual(array.attention_mask.tolist(), [[1] * len(ids)])
        self.assertEqual(array.input_ids.clone().to("cpu").tolist(), [ids])
        several = self.tokenizer(["the cat", "a"], return_tensors="np", padding=True)
        self.assertEqual(several.input_ids.shape, several.attention_mask.shape)
        self.assertEqual(self.tokenizer("the cat sat", truncation=True, max_length=2).input_ids,
                         self.tokenizer("the cat sat").input_ids[:2])
        t5 = explainer.AutoTokenizer.from_pretrained(golden_path("t5-tiny"))
        whole = t5("the cat sat").input_ids
        self.assertEqual(t5("the cat sat", truncation=True, max_length=4).input_ids, whole[:3] + whole[-1:])
        with self.assertRaisesRegex(explainer.UsageError, "padding=True"):
            self.tokenizer(["the cat", "a"], return_tensors="np")

    def test_decode(self):
        ids = self.tokenizer("the cat").input_ids
        self.assertEqual(self.tokenizer.decode(ids, skip_special_tokens=True).strip(), "the cat")
        self.assertEqual(self.tokenizer.batch_decode([ids, ids], skip_special_tokens=True)[1].strip(), "the cat")
        self.assertEqual(self.tokenizer.decode(np.int64(ids[-1])), self.tokenizer.decode([ids[-1]]))

    def test_messages_of_more_than_texts(self):
        for message in ({"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "user"},
                        {"role": "assistant", "content": "a", "tool_calls": []}):
            with self.assertRaisesRegex(explainer.InputError, "`messages`: "):
                self.tokenizer.apply_chat_template([message])
            with self.assertRaisesRegex(explainer.InputError, "`messages`: "):
                tiny().explain(messages=[message])

    def test_words_of_hugging_face(self):
        tokenizer = explainer.AutoTokenizer.from_pretrained(golden_path("llama-tiny"), use_fast=True,
                                                            trust_remote_code=True)
        self.assertEqual(tokenizer.eos_token, tokenizer.decode([tokenizer.eos_token_id]))
        with self.assertRaisesRegex(explainer.UsageError, "max_length"):
            tokenizer("the cat", padding="max_length")

    def test_pairs(self):
        tokenizer = explainer.AutoTokenizer.from_pretrained(golden_path("bertqa-tiny"))
        pair = tokenizer("who", "the cat", return_tensors="np")
        types = pair.token_type_ids[0].tolist()
        self.assertEqual(types, sorted(types))
        self.assertEqual(set(types), {0, 1})
        with self.assertRaises(explainer.UnsupportedError):
            self.tokenizer("who", "the cat")


class Results(unittest.TestCase):
    def setUp(self):
        self.result = tiny().explain(**REQUEST, method=["attention", "gradient", "input_x_gradient", "leave_one_out"])

    def test_golden_gradient(self):
        reference = golden("llama-tiny.golden")
        ids = reference["ids"].tolist()
        result = tiny().explain(prompt_ids=ids[:18], answer_ids=ids[18:], method="gradient")
        assert_measured(self, relative_l2(result.gradient["gradient"], reference["grad_total"][:18]), 1e-5)
        assert_measured(self, relative_l2(result.token_logprobs, reference["target_logprobs"]), 1e-5)

    def test_arrays_share_memory_and_keep_it(self):
        first, second = self.result.gradient["gradient"], self.result.gradient["gradient"]
        self.assertTrue(np.shares_memory(first, second))
        self.assertFalse(first.flags.writeable)
        before = first.copy()
        del self.result, second
        for _ in range(3):  # would be given the memory again, had it gone
            tiny().explain(**REQUEST, method="gradient")
        self.assertTrue((first == before).all())

    def test_keys(self):
        self.assertIsInstance(self.result, dict)
        self.assertEqual(set(self.result), {"Prompt", "Prediction", "Decode_output", "Attention", "Gradient",
                                            "attributions"})
        self.assertEqual(set(self.result["Gradient"]), {"saliency_map", "block_gradient_x_input", "gradient"})
        self.assertEqual(self.result["Gradient"]["gradient"].shape, (5, 64))
        self.assertEqual(self.result.attributions[0]["scores"].shape, (1, 5))
        self.assertIn("leave_one_out", repr(self.result))
        with self.assertRaises(AttributeError):
            _ = self.result.nothing

    def test_json_is_the_command_line_s(self):
        stored = json.loads(self.result.to_json())
        self.assertEqual(stored["schema"], "llm-explainer/1")
        self.assertEqual(stored["command"]["prompt_ids"], PROMPT)
        self.assertEqual(stored["attributions"][1]["method"], "leave_one_out")
        program = os.environ["LLMX_CLI"]
        with tempfile.TemporaryDirectory() as scratch:
            out = os.path.join(scratch, "result.json")
            subprocess.run([program, "explain", "--request", "-", "--json", out, "--quiet"], check=True, text=True,
                           input=json.dumps(stored["command"]))
            with open(out, encoding="utf-8") as file:
                other = json.load(file)
        for one in (stored, other):
            for key in ("timings_s", "peak_rss_bytes"):
                del one[key]
        self.assertEqual(stored, other)

    def test_save_and_load(self):
        with tempfile.TemporaryDirectory() as scratch:
            for ending in ("json", "html", "safetensors"):
                self.result.save(os.path.join(scratch, "r." + ending))
            again = explainer.load_result(os.path.join(scratch, "r.json"))
        self.assertEqual(again["Prompt"], self.result["Prompt"])
        self.assertTrue((again.attributions[0]["scores"] == self.result.attributions[0]["scores"]).all())
        self.assertEqual(json.loads(again.to_json()), json.loads(self.result.to_json()))
        self.assertIsNone(again["Gradient"]["gradient"])
        with self.assertRaisesRegex(explainer.InputError, "just made"):
            again["Attention"]["attention_result"]["median_raw_df"]
        with self.assertRaisesRegex(explainer.UsageError, "just made"):
            again.to_json(raw=True)

    def test_merged_and_copied_dicts_hold_values(self):
        for copied in (dict(self.result["Attention"]), {**self.result["Attention"]}, self.result["Attention"].copy()):
            self.assertEqual(list(copied["pair_result"]["pair_first"]), self.result["Prompt"])

    def test_compare(self):
        same = self.result.compare(self.result)
        self.assertEqual({one["method"] for one in same["comparisons"]} >= {"input_x_gradient", "leave_one_out"}, True)
        self.assertTrue(all(one["total"]["cosine"] > 1 - 1e-9 for one in same["comparisons"]))
        with self.assertRaises(explainer.InputError):
            self.result.compare(tiny().explain(prompt_ids=[5, 9, 13], answer_ids=[8], method="leave_one_out"))

    def test_pictures(self):
        self.assertTrue(self.result.plot("text", method="input_x_gradient")._repr_svg_().rstrip().endswith("</svg>"))
        with self.assertRaises(explainer.UsageError):
            self.result.plot("pie")
        page = self.result._repr_html_()
        self.assertTrue(page.lower().startswith('<iframe srcdoc="&lt;!doctype html&gt;'), page[:60])
        self.assertNotIn("<script", page)  # all of the page is inside an attribute

    def test_frames(self):
        frame = self.result.to_pandas()
        one = frame[frame["method"] == "leave_one_out"]
        self.assertEqual(one["score"].tolist(), self.result.attributions[1]["scores"][0].tolist())
        self.assertEqual(one["text"].tolist(), [unit["text"] for unit in self.result.attributions[1]["units"]])


# Enough work for seconds.
LONG = {"prompt_ids": PROMPT * 20, "answer_ids": [8, 4, 6] * 10, "method": "shapley", "permutations": 10_000}


class WhileItWorks(unittest.TestCase):
    def test_progress_stops(self):
        stages = []

        def progress(stage, done):
            stages.append((stage, done))
            return len(stages) < 5
        with self.assertRaises(explainer.CancelledError):
            tiny().explain(**LONG, progress=progress)
        self.assertEqual(len(stages), 5)
        self.assertTrue(all(0 <= done <= 1 for _, done in stages))

    def test_progress_line(self):
        class Terminal(io.StringIO):
            def isatty(self):
                return True
        terminal, file = Terminal(), io.StringIO()
        for stream in (terminal, file):
            line = ProgressLine(stream)
            line("shapley", 0.2)  # not yet a second
            self.assertEqual(stream.getvalue(), "")
            line.start -= 2
            line("shapley", 0.5)
            line("shapley", 0.6)  # too soon after
            line.close()
        self.assertEqual(file.getvalue(), "")
        self.assertIn("shapley [============            ]  50 %", terminal.getvalue())
        self.assertNotIn("60 %", terminal.getvalue())
        self.assertTrue(terminal.getvalue().endswith(" \r"))
        self.assertIn("Result", repr(tiny().explain(**REQUEST, progress=True)))

    def test_other_threads_go_on(self):
        counted, over = [], threading.Event()

        def count():
            while not over.is_set():
                counted.append(1)
                time.sleep(0.001)
        thread = threading.Thread(target=count)
        thread.start()
        seen = []

        def progress(stage, done):
            seen.append(len(counted))
            return len(seen) < 200
        with self.assertRaises(explainer.CancelledError):
            tiny().explain(**LONG, progress=progress)
        over.set()
        thread.join()
        self.assertGreater(seen[-1], seen[0])


if __name__ == "__main__":
    unittest.main()
