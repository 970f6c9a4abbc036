"""A second implementation of the methods, in NumPy and float64: one concept per file, written from
docs/definitions.md and the papers. It shares no code with the engine; test_independent.py compares the two.

What a method draws at random has to be the same to be compared, so `draws.py` repeats the draws; every estimate
made from them is computed in another way than the engine's.
"""
