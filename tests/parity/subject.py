"""One tiny Llama, made on the spot: as a transformers model in float64, and as our model of the same directory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import explainer
import numpy as np
import torch
import transformers
from independent import scale
from numpy.typing import ArrayLike, NDArray
from support import golden_path

PROMPT = [5, 9, 12, 7, 3, 40, 77, 23]  # "#'*%!Fk5", which spells the same tokens
ANSWER = [8, 4, 6]
ABSENT = 2

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(2)


def make_checkpoint(folder: Path) -> None:
    """Random weights, of a deviation large enough that attention is not uniform, and the golden models' tokenizer."""
    torch.manual_seed(7)
    config = transformers.LlamaConfig(
        vocab_size=384, hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=128, initializer_range=0.3, bos_token_id=1, eos_token_id=2,
        pad_token_id=None, tie_word_embeddings=False)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(Path(golden_path("llama-tiny")) / name, folder)


class Subject:
    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="llmx-parity-")
        self.folder = Path(self._scratch.name)
        make_checkpoint(self.folder)
        self.ours = explainer.load(self.folder)
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(self.folder)
        self.theirs = self.fresh()
        self.table = self.theirs.get_input_embeddings().weight.detach()

    def fresh(self) -> Any:
        """The transformers model. Some libraries leave hooks on it, so each gets its own."""
        return transformers.AutoModelForCausalLM.from_pretrained(
            self.folder, dtype=torch.float64, attn_implementation="eager").eval().requires_grad_(False)

    def scores(self, method: str, **request: Any) -> NDArray[np.float32]:
        """Our scores: [targets, units]."""
        request = {"prompt_ids": PROMPT, "answer_ids": ANSWER, "hold": "none", **request}
        scores: NDArray[np.float32] = self.ours.explain(method=[method], **request).attributions[0]["scores"]
        return scores

    def log_probabilities(self, texts: torch.Tensor) -> torch.Tensor:
        """Of the answer's tokens after each prompt, given as ids [texts, prompt] or as embeddings
        [texts, prompt, size]: [texts, answer]."""
        count = len(texts)
        if texts.dim() == 2:
            whole = torch.cat([texts.long(), torch.tensor([ANSWER]).expand(count, -1)], dim=1)
            logits = self.theirs(input_ids=whole).logits
        else:
            rest = self.table[ANSWER].expand(count, -1, -1)
            logits = self.theirs(inputs_embeds=torch.cat([texts, rest], dim=1)).logits
        rows = logits[:, len(PROMPT) - 1:-1].log_softmax(dim=-1)
        return rows.gather(-1, torch.tensor(ANSWER).expand(count, -1).unsqueeze(-1)).squeeze(-1)

    def of_coalitions(self, coalitions: Sequence[Sequence[float]] | NDArray[Any]) -> NDArray[np.float64]:
        """The value function: log-probabilities of the answer's tokens without the absent prompt tokens."""
        kept = torch.tensor(np.asarray(coalitions), dtype=torch.bool)
        texts = torch.where(kept, torch.tensor(PROMPT), torch.tensor(ABSENT))
        values: NDArray[np.float64] = self.log_probabilities(texts).numpy()
        return values


def difference(got: ArrayLike, expected: ArrayLike | torch.Tensor) -> float:
    """The largest difference of two scores, in units of the largest score."""
    return scale.difference(got, expected.detach().numpy() if isinstance(expected, torch.Tensor) else expected)


_subjects: list[Subject] = []


def subject() -> Subject:
    """The same for all tests."""
    if not _subjects:
        _subjects.append(Subject())
    return _subjects[0]
