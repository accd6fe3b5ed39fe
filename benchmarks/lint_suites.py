"""Counts what `understudy lint` finds in other people's suites.

    python -m benchmarks.lint_suites FOLDER... [--select CODES] [--sample 150] [--seed 1]
    python -m benchmarks.lint_suites --judged benchmarks/lint_labels.tsv

Each folder is one suite. Prints a table of the findings of each rule in each suite. With --sample,
also prints so many findings to be judged by hand, one in a line, as evenly over the rules as there
are findings: suite, file, line and rule, separated by tabs. The same seed draws the same ones.

Judged, such a line has two fields more: true or false, and why. --judged counts them.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from understudy.lint import runner
from understudy.lint.discovery import discover
from understudy.lint.finding import Finding
from understudy.lint.registry import all_rules
from understudy.lint.rule import DEFAULT_GROUPS
from understudy.project import files

Place = tuple[str, str, int, str]


def findings_in(folder: Path, codes: Sequence[str]) -> tuple[list[Finding], int]:
    """What some rules find below a folder, and how many files of tests there are."""
    paths, _ = discover([folder], (), folder)
    checked, _ = runner.run(paths, codes)
    tests = sum(path.name.startswith("test_") or path.stem.endswith("_test") for path in paths)
    return [each for one in checked for each in one.findings], tests


def table(counts: dict[str, Counter[str]], tests: dict[str, int]) -> str:
    """The findings of each rule in each suite, as a table in Markdown."""
    codes = sorted({code for each in counts.values() for code in each})
    rows = [["suite", "test files", *codes], ["---", *["--:"] * (len(codes) + 1)]]
    for suite, found in counts.items():
        rows.append([suite, str(tests[suite]), *(str(found[code] or "") for code in codes)])
    total = sum(counts.values(), Counter[str]())
    rows.append(["all", str(sum(tests.values())), *(str(total[code]) for code in codes)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def drawn(found: Sequence[Place], size: int, seed: int) -> list[Place]:
    """Draw findings, one of each rule in turn."""
    chance = random.Random(seed)
    of_rule: dict[str, list[Place]] = defaultdict(list)
    for place in sorted(found):
        of_rule[place[3]].append(place)
    for places in of_rule.values():
        chance.shuffle(places)
    chosen: list[Place] = []
    while len(chosen) < min(size, len(found)):
        for code in sorted(of_rule):
            if of_rule[code] and len(chosen) < size:
                chosen.append(of_rule[code].pop())
    return sorted(chosen)


def judged(lines: Sequence[str]) -> str:
    """How many of the judged findings of each rule were true, as a table in Markdown."""
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        _, _, _, code, verdict, _ = line.split("\t")
        verdicts[code][verdict] += 1
    verdicts = {code: verdicts[code] for code in sorted(verdicts)}
    verdicts["all"] = sum(verdicts.values(), Counter())
    rows = [["rule", "judged", "true", "false", "true, of 100"], ["---", *["--:"] * 4]]
    for code, found in verdicts.items():
        share = f"{100 * found['true'] / found.total():.1f}"
        rows.append([code, str(found.total()), str(found["true"]), str(found["false"]), share])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, and print the table and the sample."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lint_suites")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--select", default="", help="codes of rules; the default ones without it")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judged", type=Path, help="a file of findings that were judged")
    given = parser.parse_args(arguments)
    if given.judged:
        print(judged(given.judged.read_text(encoding="utf-8").splitlines()))
        return
    codes = [each for each in given.select.split(",") if each] or [
        code for code, rule in all_rules().items() if rule.group in DEFAULT_GROUPS
    ]
    counts: dict[str, Counter[str]] = {}
    tests: dict[str, int] = {}
    places: list[Place] = []
    for folder in map(files.absolute, given.folders):
        found, tests[folder.name] = findings_in(folder, codes)
        counts[folder.name] = Counter(each.code for each in found)
        places += [
            (folder.name, Path(each.path).relative_to(folder).as_posix(), each.line, each.code)
            for each in found
        ]
    print(table(counts, tests))
    for place in drawn(places, given.sample, given.seed):
        print(*place, sep="\t")


if __name__ == "__main__":
    main()
