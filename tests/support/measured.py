#!/usr/bin/env python3
"""What checks measured beside what the tests state, the loosest first: `LLMX_MEASURED=FILE ctest ...` writes the
file, this reads it. A check whose bound, three times what it states, is over three times what was measured is
marked."""

import sys
from collections import defaultdict

MARGIN = 3


def read(paths):
    """The largest error of each (place, stated error), and the test that had it."""
    largest = {}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                place, test, error, stated = line.rstrip("\n").split("\t")
                key = (place, float(stated))
                if key not in largest or float(error) > largest[key][0]:
                    largest[key] = (float(error), test)
    return largest


def main(paths):
    rows = sorted(read(paths).items(), key=lambda row: row[1][0] / row[0][1] if row[0][1] else 0)
    marks = defaultdict(int)
    for (place, stated), (error, test) in rows:
        mark = "" if error >= stated * 0.999 else "loose"
        mark = "over" if error > MARGIN * stated else mark
        marks[mark] += 1
        print(f"{error:10.2e} of {stated:10.2e}  {mark:5} {place}  {test}")
    print(f"{len(rows)} bounds, {marks['loose']} loose, {marks['over']} over")


if __name__ == "__main__":
    main(sys.argv[1:])
