#!/usr/bin/env python3
"""Writes a llama model of random weights as a GGUF file of type F16, in a shape that people use, with a real
tokenizer: for measuring time and memory, which do not depend on the weights' values.

usage: random_model.py SHAPE TOKENIZER.gguf OUT.gguf

SHAPE is one of the names below. The tokenizer's keys are copied from any GGUF file. Other types:
llmx quantize OUT.gguf OTHER.gguf --type Q4_K_M. Needs the packages numpy and gguf.
"""

from __future__ import annotations

import dataclasses
import sys

import gguf
import numpy


@dataclasses.dataclass(frozen=True)
class Shape:
    width: int
    blocks: int
    hidden: int  # of the feed-forward
    heads: int
    kv_heads: int


SHAPES = {
    "0.13G": Shape(576, 30, 1536, 9, 3),  # SmolLM2 135M
    "0.36G": Shape(960, 32, 2560, 15, 5),  # SmolLM2 360M
    "1.07G": Shape(2048, 22, 5632, 32, 4),  # TinyLlama
    "3G": Shape(3072, 28, 8192, 24, 8),  # Llama 3.2 3B
}


def copy_tokenizer(reader: gguf.GGUFReader, writer: gguf.GGUFWriter) -> int:
    for name, field in reader.fields.items():
        if not name.startswith("tokenizer."):
            continue
        sub_type = field.types[1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type)
    return len(reader.fields["tokenizer.ggml.tokens"].data)


def main() -> None:
    shape = SHAPES[sys.argv[1]]
    reader = gguf.GGUFReader(sys.argv[2])
    writer = gguf.GGUFWriter(sys.argv[3], "llama")
    vocabulary = copy_tokenizer(reader, writer)
    writer.add_name(f"random {sys.argv[1]}")
    writer.add_context_length(16384)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.blocks)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(100000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    draw = numpy.random.default_rng(1)

    def matrix(name: str, rows: int, columns: int) -> None:
        values = draw.standard_normal((rows, columns), dtype=numpy.float32) * (columns ** -0.5)
        writer.add_tensor(name, values.astype(numpy.float16))

    def ones(name: str) -> None:
        writer.add_tensor(name, numpy.ones(shape.width, numpy.float32))

    keys = shape.width // shape.heads * shape.kv_heads
    matrix("token_embd.weight", vocabulary, shape.width)
    for block in range(shape.blocks):
        at = f"blk.{block}."
        ones(at + "attn_norm.weight")
        matrix(at + "attn_q.weight", shape.width, shape.width)
        matrix(at + "attn_k.weight", keys, shape.width)
        matrix(at + "attn_v.weight", keys, shape.width)
        matrix(at + "attn_output.weight", shape.width, shape.width)
        ones(at + "ffn_norm.weight")
        matrix(at + "ffn_gate.weight", shape.hidden, shape.width)
        matrix(at + "ffn_up.weight", shape.hidden, shape.width)
        matrix(at + "ffn_down.weight", shape.width, shape.hidden)
    ones("output_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()
