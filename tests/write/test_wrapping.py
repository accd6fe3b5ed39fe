"""Long lines of a written test."""

from __future__ import annotations

import pytest

from understudy.write.wrapping import wrapped


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("result = find(101)", "result = find(101)"),
        (
            "    result = await UserDAO.find(conn, 101, name='(', note=None, limit=10)",
            "    result = await UserDAO.find(\n"
            "        conn, 101, name='(', note=None, limit=10\n    )",
        ),
        (
            'assert changes.updated == {"jobs": [{"id": 101, "status": "done, "}]}',
            'assert changes.updated == {\n    "jobs": [{"id": 101, "status": "done, "}]\n}',
        ),
        (
            "assert (raised.value.status, raised.value.detail) == (404, 'there is no job')",
            "assert (raised.value.status, raised.value.detail) == (\n    404,\n"
            "    'there is no job',\n)",
        ),
        (
            'assert [(row["title"], row["n"]) for row in changes.inserted["jobs"]] == [("a", 1)]',
            'assert [\n    (row["title"], row["n"])\n    for row in changes.inserted["jobs"]\n'
            '] == [("a", 1)]',
        ),
        (
            'assert [(row["title"], row["number"]) for row in changed] == '
            '[("a longer title", 1), ("another longer title", 2)]',
            'assert [\n    (row["title"], row["number"])\n    for row in changed\n] == [\n'
            '    ("a longer title", 1),\n    ("another longer title", 2),\n]',
        ),
        (
            "with real_postgres.changes() as changes, pytest.raises(LookupError) as raised:",
            "with (\n    real_postgres.changes() as changes,\n"
            "    pytest.raises(LookupError) as raised,\n):",
        ),
        (
            'real_postgres.on("SELECT id, title FROM jobs WHERE id = $1 AND is_done").drops()',
            'real_postgres.on(\n    "SELECT id, title FROM jobs WHERE id = $1 AND "\n'
            '    "is_done"\n).drops()',
        ),
        (
            '    "message": "the name must have at least one letter or digit",',
            '    "message": (\n        "the name must have at least one letter or "\n'
            '        "digit"\n    ),',
        ),
    ],
)
def test_it_is_broken_at_its_brackets(line: str, broken: str) -> None:
    assert "\n".join(wrapped(line, 56)) == broken
