"""Random numbers for a seed: the 64-bit Mersenne twister (Nishimura 2000), and what is drawn from it."""

from __future__ import annotations

import math

_WORDS, _MIDDLE = 312, 156
_ALL = 2**64 - 1
_UPPER, _LOWER = _ALL ^ (2**31 - 1), 2**31 - 1


class MersenneTwister:
    """std::mt19937_64."""

    def __init__(self, seed: int) -> None:
        self._state = [seed & _ALL]
        for i in range(1, _WORDS):
            before = self._state[-1]
            self._state.append((6364136223846793005 * (before ^ before >> 62) + i) & _ALL)
        self._next = _WORDS

    def __call__(self) -> int:
        if self._next == _WORDS:
            self._twist()
        x = self._state[self._next]
        self._next += 1
        x ^= x >> 29 & 0x5555555555555555
        x ^= x << 17 & 0x71D67FFFEDA60000
        x ^= x << 37 & 0xFFF7EEE000000000
        return x ^ x >> 43

    def _twist(self) -> None:
        state = self._state
        for i in range(_WORDS):
            x = state[i] & _UPPER | state[(i + 1) % _WORDS] & _LOWER
            state[i] = state[(i + _MIDDLE) % _WORDS] ^ x >> 1 ^ (0xB5026F5AA96619E9 if x & 1 else 0)
        self._next = 0


class Random:
    def __init__(self, seed: int) -> None:
        self._draw = MersenneTwister(seed)

    def below(self, count: int) -> int:
        """One of 0 ... count - 1. Draws below 2^64 mod count would make some of them likelier than others."""
        draw = self._draw()
        while draw < 2**64 % count:
            draw = self._draw()
        return draw % count

    def uniform(self) -> float:
        return (self._draw() >> 11) / 2**53

    def normal(self) -> float:
        """Marsaglia's polar method, which throws its second number away."""
        while True:
            u, v = 2 * self.uniform() - 1, 2 * self.uniform() - 1
            length = u * u + v * v
            if 0 < length < 1:
                return u * math.sqrt(-2 * math.log(length) / length)

    def coin(self) -> int:
        return self._draw() >> 63

    def shuffled(self, count: int) -> list[int]:
        order = list(range(count))
        for last in range(count - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order
