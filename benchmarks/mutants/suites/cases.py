"""One call of every DAO method.

The first two suites run this table, each on its kind of connection, so nothing else differs. The
imports are relative because the files are copied into the folder of a suite.
"""

from __future__ import annotations

from .access_cases import OTHERS, PERMISSIONS, ROLES, SCOPES
from .steps import Case
from .user_cases import USERS

CASES: tuple[Case, ...] = (*USERS, *ROLES, *PERMISSIONS, *SCOPES, *OTHERS)
