"""Imports added to a file, where isort has them."""

from __future__ import annotations

import pytest

from understudy.project.imports import with_imports

UNDERSTUDY = "from understudy import ANY, db_error"
UUID = "from uuid import UUID"


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        pytest.param("import pytest\n", UNDERSTUDY, f"import pytest\n{UNDERSTUDY}\n", id="sorted"),
        pytest.param(
            "import pytest\n\nfrom app import x\n",
            UNDERSTUDY,
            f"import pytest\n{UNDERSTUDY}\n\nfrom app import x\n",
            id="third-party packages before the project's own",
        ),
        pytest.param("import pytest\n", UUID, f"{UUID}\n\nimport pytest\n", id="standard library"),
        pytest.param(
            "import re\nimport zlib\n\nimport pytest\n",
            UUID,
            f"import re\nimport zlib\n{UUID}\n\nimport pytest\n",
            id="froms after imports",
        ),
        pytest.param(
            "import re\n\n\nx = 1\n",
            UNDERSTUDY,
            f"import re\n\n{UNDERSTUDY}\n\n\nx = 1\n",
            id="only the standard library",
        ),
        pytest.param(
            '"""About."""\n\n\ndef test(): ...\n',
            UUID,
            f'"""About."""\n\n{UUID}\n\n\ndef test(): ...\n',
            id="after a docstring",
        ),
        pytest.param(
            '"""About."""\n\nfrom __future__ import annotations\n\nx = 1\n',
            UUID,
            f'"""About."""\n\nfrom __future__ import annotations\n\n{UUID}\n\nx = 1\n',
            id="after a future import",
        ),
        pytest.param(
            "def test(): ...\n", UUID, f"{UUID}\n\n\ndef test(): ...\n", id="nothing but code"
        ),
        pytest.param(
            "#!/usr/bin/python\n# coding: latin-1\n# about\nx = 1\n",
            UUID,
            f"#!/usr/bin/python\n# coding: latin-1\n{UUID}\n\n\n# about\nx = 1\n",
            id="after an encoding",
        ),
        pytest.param(
            "from uuid import uuid4\n", UUID, "from uuid import UUID, uuid4\n", id="one more name"
        ),
        pytest.param(
            "from understudy import (\n    dummy,\n    FakePool,\n)\n",
            UNDERSTUDY,
            "from understudy import ANY, FakePool, db_error, dummy\n",
            id="a list that fits a line",
        ),
        pytest.param(
            "from understudy import (\n    dummy,  # why\n)\n",
            UNDERSTUDY,
            f"{UNDERSTUDY}\nfrom understudy import (\n    dummy,  # why\n)\n",
            id="a list with a comment",
        ),
        pytest.param("from uuid import UUID, a\n", UUID, "from uuid import UUID, a\n", id="there"),
        pytest.param("import re\r\n", UUID, f"import re\r\n{UUID}\r\n", id="line ends of Windows"),
    ],
)  # fmt: skip
def test_an_import_goes_where_isort_has_it(before: str, line: str, after: str) -> None:
    assert with_imports(before, [line]) == after
