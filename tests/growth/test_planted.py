"""Twenty planted loops are found, with every driver, and no sound one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.plugin.conftest import without

HERE = Path(__file__).parent / "planted"
SOUND = "sound_"


@pytest.mark.slow
def test_twenty_planted_loops_and_no_sound_one(pytester: pytest.Pytester) -> None:
    shutil.copytree(HERE, pytester.path, dirs_exist_ok=True)
    arguments = without("cacheprovider", "randomly", "xdist", "timeout")
    result = pytester.runpytest_subprocess("--understudy-n-plus-one", *arguments, "calls.py")
    text = result.stdout.str()
    result.assert_outcomes(passed=26, warnings=1)  # Tortoise sets TIMEZONE
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    source = (HERE / "planted.py").read_text(encoding="utf-8")
    functions = re.findall(r"^(?:async )?def (\w+)\(", source, re.M)
    found = set(re.findall(r"the loop sends: planted.py:\d+ in (\w+)", text))
    assert found == {name for name in functions if not name.startswith(SOUND)}
    assert len(found) == 22
    assert "26 repeated statements tried with more rows, 22 of them N+1" in text
    assert (
        "N+1 in GET /users: 2 statements for 2 rows, 4 for 4\n"
        f"  the loop sends: planted.py:{_line(source, 'async def of_user') + 1} in of_user\n"
        "    SELECT id FROM orders WHERE user_id = $1\n"
        "  for each row of: calls.py:103 in test_a_request.users\n"
        "    SELECT id, name FROM users ORDER BY id\n"
        "Ask once for all of them: `WHERE ... = ANY($1)`, with SQLAlchemy `selectinload`, with "
        "Tortoise `prefetch_related`.\n"
    ) in text


def _line(source: str, word: str) -> int:
    lines = enumerate(source.splitlines(), 1)
    return next(number for number, line in lines if line.startswith(word))
