"""The console script `llmx`: the program that lies beside this package."""

import os
import sys


def main():
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "llmx")
    os.execv(program, [program, *sys.argv[1:]])
