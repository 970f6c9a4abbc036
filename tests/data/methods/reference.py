#!/usr/bin/env python3
"""Writes reference.json beside it: what other implementations give on small functions, in double precision. Captum's
NoiseTunnel on a network, at noisy points that are written too; shapiq's interactions on a game whose values are.

Made with captum 0.9.0, PyTorch 2.15.0, shapiq 1.4.1.
"""

import json
import pathlib

import numpy as np
import torch
from captum.attr import NoiseTunnel, Saliency
from shapiq import ExactComputer

ROWS, WIDTH, HIDDEN, TARGETS, SAMPLES = 3, 4, 5, 2, 7


def noise_tunnel():
    torch.manual_seed(11)
    inputs = torch.randn(1, ROWS, WIDTH)
    noise = 0.3 * torch.randn(SAMPLES, ROWS, WIDTH)
    first, second = torch.randn(HIDDEN, ROWS * WIDTH), torch.randn(TARGETS, HIDDEN)
    bias = torch.randn(HIDDEN)

    def network(x):
        return torch.tanh(x.flatten(1) @ first.T + bias) @ second.T

    # Captum draws the noise itself; these are the same points for everybody.
    NoiseTunnel._add_noise_to_input = staticmethod(lambda x, _stdev, _samples: x + noise)
    tunnel = NoiseTunnel(Saliency(network))
    found = {"input": inputs[0], "points": inputs + noise, "first": first, "bias": bias, "second": second}
    for kind in ("smoothgrad", "smoothgrad_sq", "vargrad"):
        gradients = torch.stack([
            tunnel.attribute(inputs, nt_type=kind, nt_samples=SAMPLES, stdevs=0.3, target=target, abs=False)[0]
            for target in range(TARGETS)
        ])
        found[kind] = {"l2": gradients.norm(dim=-1), "l1": gradients.abs().sum(-1)}
    return found


def interactions():
    """Of a game of 5 units, whose value of a coalition of bits b is values[b]."""
    units = 5
    values = np.random.default_rng(7).uniform(-1, 1, 1 << units)
    exact = ExactComputer(n_players=units, game=lambda kept: values[np.asarray(kept) @ (1 << np.arange(units))])
    found = exact("SII", order=2)
    pairs = [[0.0 if i == j else found[(min(i, j), max(i, j))] for j in range(units)] for i in range(units)]
    return {"values": values, "shapley": [found[(i,)] for i in range(units)], "pairs": pairs}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value


def main():
    torch.set_default_dtype(torch.float64)
    numbers = {"noise_tunnel": noise_tunnel(), "interactions": interactions()}
    with open(pathlib.Path(__file__).with_suffix(".json"), "w", encoding="utf-8") as out:
        json.dump(plain(numbers), out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
