"""The original README's code, as it stands, on a GGUF file, against the original's own numbers."""

import re
import unittest

import explainer
import numpy as np
from support import assert_measured, demo_float32, golden, max_difference, needs_demo, relative_l2

import original


@needs_demo
class OriginalReadme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        path = demo_float32()
        cls.model = explainer.AutoModelForCausalLM.from_pretrained(path)
        cls.tokenizer = explainer.AutoTokenizer.from_pretrained(path)
        cls.attention, cls.gradient, cls.printed = original.run(cls.model, cls.tokenizer)
        cls.reference = golden("smollm2-chat.reference")

    def test_the_same_tokens(self):
        self.assertEqual(self.attention.prompt_ids.tolist(), self.reference["prompt_ids"].tolist())
        ids = np.concatenate([self.attention.prompt_ids, self.attention.answer_ids])
        self.assertEqual(ids.tolist(), self.reference["sequence_ids"].tolist())
        self.assertEqual(self.gradient.label_ids.tolist(), self.reference["label_ids"].tolist())

    def test_numbers_of_gradient(self):
        gradient = self.gradient["Gradient"]
        self.assertLessEqual(max_difference(gradient["saliency_map"], self.reference["saliency_map"]), 0.001001)
        assert_measured(self, relative_l2(gradient["gradient"], self.reference["embedding_gradient"]), 1e-3)
        assert_measured(self, max_difference(gradient["block_gradient_x_input"],
                                            self.reference["block_gradient_x_input"]), 0.003)

    def test_numbers_of_attention(self):
        frame = self.attention["Attention"]["attention_result"]["mean_group_df"]
        self.assertEqual(list(frame.columns), ["output_idx", "tensor"])
        assert_measured(self, max_difference(np.stack(frame["tensor"]), self.reference["mean_group"]), 0.003)

    def test_raw_rows_are_those_of_the_mean(self):
        frame = self.attention["Attention"]["attention_result"]["median_raw_df"]
        self.assertEqual(list(frame.columns), ["index_idx", "tensor", "output_idx", "block_idx", "head_idx"])
        self.assertEqual(len(frame), 73 * 30 * 9)
        mean = np.stack(frame[frame["output_idx"] == 5]["tensor"]).mean(0)
        assert_measured(self, relative_l2(mean, self.attention.attention["mean_group"][5]), 1e-5)
        last = frame.iloc[-1]
        self.assertEqual((last["output_idx"], last["block_idx"], last["head_idx"]), (72, 29, 8))

    def test_pairs(self):
        pair = self.attention["Attention"]["pair_result"]
        self.assertEqual(list(pair.columns), ["pair_first", "attention_mean", "attention"])
        self.assertEqual(pair["pair_first"].tolist(), self.attention["Prompt"])

    def test_display(self):
        lines = re.findall(r"\x1b\[(?:37|90|32|33|31)m.*?\x1b\[0m", self.printed, re.DOTALL)
        self.assertEqual(len(lines), 168 * (73 + 2))
        self.assertIn("0: ", self.printed)

    def test_data_as_it_stands(self):
        """The ids of `apply_chat_template` without arguments are a list, which has `clone` all the same."""
        names = {"tokenizer": self.tokenizer}
        exec(original.blocks()["data"], names)
        ids = names["tokenized_chat"].clone()
        self.assertEqual(ids, self.reference["prompt_ids"].tolist()[:len(ids)])

    def test_texts(self):
        self.assertEqual("".join(self.attention["Decode_output"]), self.attention["Prediction"])
        self.assertEqual("".join(self.attention["Prompt"]), self.tokenizer.decode(self.reference["prompt_ids"]))


if __name__ == "__main__":
    unittest.main()
