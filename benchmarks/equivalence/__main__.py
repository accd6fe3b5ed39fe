"""Print the share of recognized mutants: `python -m benchmarks.equivalence`."""

from __future__ import annotations

import time

from benchmarks.equivalence.labels import SCHEMAS, judged, labels_of, right

for schema in SCHEMAS:
    labels = labels_of(schema)
    start = time.perf_counter()
    pairs = list(judged(schema, labels))
    seconds = time.perf_counter() - start
    print(f"{schema}: {len(pairs)} mutants in {seconds:.1f} s, the server's start included")
    for equivalent in (True, False):
        found, number = right(pairs, equivalent=equivalent)
        name = "equivalent" if equivalent else "different"
        print(f"  {name}: {found} of {number} recognized ({found / number:.0%})")
    for label, judgement in pairs:
        if (judgement.verdict == "equivalent") != label.is_equivalent or judgement.verdict in (
            "unknown",
            "refused",
        ):
            name = "equivalent" if label.is_equivalent else "different"
            print(f"    labelled {name}, judged {judgement.verdict}: {label.mutant.sentence}")
            print(f"      {label.mutant.statement}")
            if judgement.reason:
                print(f"      {judgement.reason}")
