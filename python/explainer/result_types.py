"""What a result's attributes hold, for type checkers and editors. docs/definitions.md defines the numbers."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int32]


class ModelSummary(TypedDict):
    path: str
    sha256_16: str
    name: str
    architecture: str
    kind: str
    parameters: int
    type: str
    blocks: int
    heads: int
    kv_heads: int
    embedding: int


class AbsenceToken(TypedDict):
    id: int
    text: str


class CheckedNumber(TypedDict):
    value: float
    random: float
    random_deviation: float


class Infidelity(CheckedNumber):
    unscaled: float
    scale: float
    samples: int


class SensitivityMax(TypedDict):
    value: float
    noise: float
    samples: int


class Faithfulness(TypedDict):
    comprehensiveness: CheckedNumber
    sufficiency: CheckedNumber
    deletion_area: CheckedNumber
    insertion_area: CheckedNumber
    kendall_tau: CheckedNumber | None
    fractions: list[float]
    deletion: list[float]
    insertion: list[float]
    random_deletion: list[float]
    random_insertion: list[float]
    random_seeds: int
    infidelity: Infidelity | None
    sensitivity_max: SensitivityMax | None
    measure: str
    absence: str
    absence_token: AbsenceToken | None


class PlausibilityNumber(TypedDict):
    value: float
    random: float


class Plausibility(TypedDict):
    token_f1: PlausibilityNumber
    auprc: PlausibilityNumber
    rationale_units: int


class Attention(TypedDict):
    pair_attention: Floats
    pair_attention_mean: Floats
    pair_block: int
    pair_missing: str
    pair_faithfulness: Faithfulness | None
    pair_plausibility: Plausibility | None
    mean_group: Floats
    median_raw: Floats  # None if read from a file without it
    blocks: list[int]
    blocks_without: list[int]
    mean: Floats
    weights: list[Floats]
    rows: tuple[int, int]
    encoder_weights: list[Floats]
    decoder_weights: list[Floats]
    cross_weights: list[Floats]


class Gradient(TypedDict):
    saliency_map: Floats
    block_gradient_x_input: Floats
    faithfulness: Faithfulness | None
    plausibility: Plausibility | None
    gradient: Floats  # None if read from a file without it
    decoder_gradient: Floats | None
    input_embeddings: Floats  # None if read from a file without it
    decoder_input_embeddings: Floats | None
    replayed: list[int]


class WhyPassage(TypedDict):
    text: str
    role: str
    part: int
    title: str
    lines: tuple[int, int]
    tokens: list[int]


class WhySource(TypedDict):
    passage: int
    strength: float
    probability_without: float
    p_value: float | None
    substitute: bool


class WhySentence(TypedDict):
    text: str
    tokens: tuple[int, int]
    logprob: float
    probability: float
    probability_alone: float
    grounded: bool
    sources: list[WhySource]
    others: int


class Why(TypedDict):
    sentences: list[WhySentence]
    passages: list[WhyPassage]
    asked: list[WhyPassage]
    strengths: Floats
    substitutes: list[int]
    absence: str
    runs: int
    passes: float


class Span(TypedDict):
    question: str
    context: str
    start_logits: Floats
    end_logits: Floats
    start_token: int
    end_token: int
    start_char: int
    end_char: int
    score: float
    no_answer: bool
    window: int
    windows: int


class Unit(TypedDict):
    text: str
    kind: str
    tokens: list[int]


class Target(TypedDict):
    text: str
    tokens: tuple[int, int]
    value: float


class Completeness(TypedDict):
    f_input: float
    f_baseline: float
    residual: float


class _Attribution(TypedDict):
    method: str
    options: dict[str, str]
    objective: str
    signed: bool
    units: list[Unit]
    targets: list[Target]
    scores: Floats
    standard_errors: Floats | None
    absence_token: AbsenceToken | None
    completeness: list[Completeness] | None
    faithfulness: Faithfulness | None
    plausibility: Plausibility | None


class Attribution(_Attribution, total=False):
    interactions: Floats  # [targets, units, units], of shapley_interactions only
    context_sensitivity: npt.NDArray[np.float64]  # of context_reliance only
    cues: list[list[int]]  # of context_reliance only


class HiddenState(TypedDict):
    block: int
    first_position: int
    values: Floats


class LogitLens(TypedDict):
    top: int
    blocks: list[int]
    ids: Ids
    probabilities: Floats
    answer_probabilities: Floats
    answer_ranks: list[int]
    text: dict[int, str]
