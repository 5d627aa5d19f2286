#!/usr/bin/env python3
"""Run clang-tidy over the files of a compilation database, some at once, and remember the clean ones.

    tools/clang_tidy.py --build build/clang [--seconds 120] [--jobs 2]

A file whose text, includes and checks are those of a clean run is not looked at again. When the
time is over, the rest is named and left for the next run, and the answer is still 0.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Run:
    """One run: what is common to its files."""

    def __init__(self, build, seconds):
        self.build = build
        self.deadline = time.monotonic() + seconds if seconds else None
        self.cache = build / "clang-tidy"
        self.cache.mkdir(exist_ok=True)
        version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
        self.salt = version + (ROOT / ".clang-tidy").read_bytes()

    def fingerprint(self, entry):
        """Of all that the answer depends on, or None if the file cannot be preprocessed."""
        words = shlex.split(entry["command"])
        # The compiler is the last word before the first option (a launcher may stand before it).
        first = next(i for i, word in enumerate(words) if word.startswith("-"))
        cut = words.index("-o")
        options = [w for w in words[first:cut] + words[cut + 2:] if w != "-c"]
        done = subprocess.run(["clang", "-E", *options], cwd=entry["directory"],
                              capture_output=True, check=False)
        if done.returncode != 0:
            return None
        return hashlib.sha256(self.salt + done.stdout).hexdigest()

    def look(self, entry):
        """(file, answer): "clean", "late", or what clang-tidy found."""
        name = str(Path(entry["file"]).relative_to(ROOT))
        left = None if self.deadline is None else self.deadline - time.monotonic()
        print_of = self.fingerprint(entry)
        stamp = self.cache / (print_of or "none")
        if print_of and stamp.exists():
            return name, "clean"
        if left is not None and left <= 0:
            return name, "late"
        try:
            done = subprocess.run(["clang-tidy", "--quiet", "-p", self.build, entry["file"]],
                                  capture_output=True, text=True, check=False, timeout=left)
        except subprocess.TimeoutExpired:
            return name, "late"
        if done.returncode == 0:
            if print_of:
                stamp.touch()
            return name, "clean"
        return name, done.stdout + done.stderr


def wanted(entry):
    """The program's own sources: tests are held by the warnings of two compilers and by sanitizers."""
    return ROOT / "src" in Path(entry["file"]).parents


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=0, help="0: as long as it takes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*", help="only files whose path contains one of these")
    options = parser.parse_args(arguments)
    database = json.loads((options.build / "compile_commands.json").read_text(encoding="utf-8"))
    entries = {entry["file"]: entry for entry in database if wanted(entry)}
    if options.files:
        entries = {file: entry for file, entry in entries.items()
                   if any(part in file for part in options.files)}
    # The newest first: what is being worked on is looked at within any time.
    newest = sorted(entries.values(), key=lambda e: os.path.getmtime(e["file"]), reverse=True)
    run = Run(options.build, options.seconds)
    failed, late = 0, []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, answer in pool.map(run.look, newest):
            if answer == "late":
                late.append(name)
            elif answer != "clean":
                failed += 1
                print(answer, flush=True)
    print(f"clang-tidy: {len(newest) - failed - len(late)} clean, {failed} with findings, "
          f"{len(late)} not looked at in time")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
