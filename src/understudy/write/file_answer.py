"""What the session answers of a test file, as `writer.py` reads it."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.init.layers import Layer
from understudy.write.kills import sends_own_sql
from understudy.write.test_file import Merged
from understudy.write.trials import Kept


def file_answer(layer: Layer, kept: Sequence[Kept], merged: Merged) -> dict[str, object]:
    """Return the answer.

    Args:
        layer: the layer of the file.
        kept: the trials of its tests.
        merged: its text.
    """
    targets = [one.trial.target for one in kept]
    named = [(name, one) for name, one in zip(merged.names, kept, strict=True) if name]
    return {
        "kind": "file",
        "layer": layer,
        "text": merged.text,
        "sends sql": any(
            sends_own_sql(one.trial.target, seen) for one in kept for seen in one.observed
        ),
        # The code finds its database by the environment, and not by an argument.
        "uses environment": any(one.has_database and not one.openings for one in targets),
        "tests": [
            {
                "name": name,
                "target": one.trial.target.name,
                "shows": list(one.shows),
                "suspicion": one.suspicion,
            }
            for name, one in named
        ],
    }
