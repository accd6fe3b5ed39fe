"""Count the findings of `understudy lint` in public test suites.

    python -m benchmarks.lint_suites FOLDER... [--select CODES] [--sample 150] [--seed 1]
    python -m benchmarks.lint_suites --judged benchmarks/lint_labels.tsv

Each folder is one suite. The command prints a table of the findings of each rule in each suite.
--sample N also prints N findings to judge by hand, spread evenly over the rules. A line contains
the suite, file, line and rule, separated by tabs. The same seed selects the same findings.

A judged line has two more fields: true or false, and the reason. --judged counts these.
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
    """Return the findings of some rules below a folder, and the number of test files."""
    paths, _ = discover([folder], (), folder)
    checked, _ = runner.run(paths, codes)
    tests = sum(path.name.startswith("test_") or path.stem.endswith("_test") for path in paths)
    return [finding for file in checked for finding in file.findings], tests


def table(counts: dict[str, Counter[str]], tests: dict[str, int]) -> str:
    """Return the findings of each rule in each suite as a Markdown table."""
    codes = sorted({code for found in counts.values() for code in found})
    rows = [["suite", "test files", *codes], ["---", *["--:"] * (len(codes) + 1)]]
    for suite, found in counts.items():
        rows.append([suite, str(tests[suite]), *(str(found[code] or "") for code in codes)])
    total = sum(counts.values(), Counter[str]())
    rows.append(["all", str(sum(tests.values())), *(str(total[code]) for code in codes)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def sample(found: Sequence[Place], size: int, seed: int) -> list[Place]:
    """Select findings at random, one of each rule in turn."""
    generator = random.Random(seed)
    of_rule: dict[str, list[Place]] = defaultdict(list)
    for place in sorted(found):
        of_rule[place[3]].append(place)
    for places in of_rule.values():
        generator.shuffle(places)
    chosen: list[Place] = []
    while len(chosen) < min(size, len(found)):
        for code in sorted(of_rule):
            if of_rule[code] and len(chosen) < size:
                chosen.append(of_rule[code].pop())
    return sorted(chosen)


def judged(lines: Sequence[str]) -> str:
    """Return how many judged findings of each rule are true, as a Markdown table."""
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
    """Read the command line and print the table and the sample."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lint_suites")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--select", default="", help="codes of rules (default: the default rules)")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judged", type=Path, help="a file of judged findings")
    options = parser.parse_args(arguments)
    if options.judged:
        print(judged(options.judged.read_text(encoding="utf-8").splitlines()))
        return
    codes = [code for code in options.select.split(",") if code] or [
        code for code, rule in all_rules().items() if rule.group in DEFAULT_GROUPS
    ]
    counts: dict[str, Counter[str]] = {}
    tests: dict[str, int] = {}
    places: list[Place] = []
    for folder in map(files.absolute, options.folders):
        found, tests[folder.name] = findings_in(folder, codes)
        counts[folder.name] = Counter(finding.code for finding in found)
        places += [
            (
                folder.name,
                Path(finding.path).relative_to(folder).as_posix(),
                finding.line,
                finding.code,
            )
            for finding in found
        ]
    print(table(counts, tests))
    for place in sample(places, options.sample, options.seed):
        print(*place, sep="\t")


if __name__ == "__main__":
    main()
