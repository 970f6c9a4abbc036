"""Runs clang-tidy on our sources that changed since they last passed.

usage: tidy.py CHECKOUT BUILD CACHE [FILE...]     (without FILE all that BUILD compiles of src, apps and python)

A source has changed if its preprocessed text, its compiler flags, .clang-tidy or the version of clang-tidy has.
CACHE holds an empty file for each source that passed, named by the hash of these.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

KEPT = 20_000  # files in the cache


class Tidy:
    def __init__(self, checkout: Path, build: Path, cache: Path) -> None:
        self.checkout, self.build, self.cache = checkout, build, cache
        self.flags = self._flags()
        self.rules = self._rules()

    def _flags(self) -> dict[Path, list[str]]:
        """The sources that the build compiles, without generated ones, and their compiler arguments."""
        found = {}
        for entry in json.loads((self.build / "compile_commands.json").read_text()):
            file = Path(entry["directory"], entry["file"])
            if file.is_relative_to(self.checkout) and not file.is_relative_to(self.build):
                words = shlex.split(entry["command"])
                first = next(i for i, word in enumerate(words) if word.startswith("-"))
                output = words.index("-o")
                found[file] = words[first:output] + words[output + 2 :]
        return found

    def _rules(self) -> bytes:
        """What the preprocessed text does not contain: version and settings of clang-tidy, NOLINT comments."""
        version = subprocess.run(["clang-tidy", "--version"], check=True, stdout=subprocess.PIPE).stdout
        parts = [version, (self.checkout / ".clang-tidy").read_bytes()]
        for folder in sorted({file.relative_to(self.checkout).parts[0] for file in self.flags} | {"include"}):
            for file in sorted((self.checkout / folder).rglob("*")):
                if file.name == ".clang-tidy":
                    parts.append(f"{file.relative_to(self.checkout)}\n{file.read_text()}".encode())
                elif file.suffix in (".cpp", ".hpp"):
                    parts += [line.strip() for line in file.read_bytes().splitlines() if b"NOLINT" in line]
        return b"\n".join(parts)

    def _pass(self, file: Path) -> Path | None:
        """The file in the cache that marks this source as passed; None if preprocessing fails."""
        command = ["clang++", *self.flags[file], "-E", "-P", "-dD"]  # -dD: clang-tidy also checks macro definitions
        made = subprocess.run(command, cwd=self.build, capture_output=True, check=False)
        if made.returncode != 0:
            return None
        flags = "\0".join(self.flags[file]).replace(str(self.checkout), ".").encode()
        return self.cache / hashlib.sha256(b"\0".join([self.rules, flags, made.stdout])).hexdigest()

    def check(self, file: Path) -> str | None:
        """Complaints of clang-tidy, which may be empty; None if the source is unchanged and was skipped."""
        passed = self._pass(file)
        if passed and passed.exists():
            os.utime(passed)
            return None
        command = ["clang-tidy", "--quiet", "-p", str(self.build), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return done.stdout + done.stderr
        if passed:
            passed.touch()
        return ""

    def shipped(self) -> list[Path]:
        """Sources of what users get: no tests, benchmarks and examples."""
        folders = ("src", "apps", "python")
        return sorted(file for file in self.flags if file.relative_to(self.checkout).parts[0] in folders)

    def forget_oldest(self) -> None:
        for old in sorted(self.cache.iterdir(), key=lambda file: file.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)


def main() -> int:
    checkout, build, cache = (Path(word).resolve() for word in sys.argv[1:4])
    cache.mkdir(parents=True, exist_ok=True)
    tidy = Tidy(checkout, build, cache)
    files = [Path(word).resolve() for word in sys.argv[4:]] or tidy.shipped()
    for file in files:
        if file not in tidy.flags:
            sys.exit(f"error: {file}: not a source of {build}; expected one that it compiles")
    ran = failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for complaint in pool.map(tidy.check, files):
            ran += complaint is not None
            if complaint:
                failed += 1
                print(complaint, flush=True)
    tidy.forget_oldest()
    print(f"{len(files)} sources, {ran} changed, {failed} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
