"""One call of every DAO method.

The first two lanes run this table on their own kind of connection, so that they differ in nothing
else. The imports are relative because the files are copied to where a lane has its tests.
"""

from __future__ import annotations

from .access_cases import OTHERS, PERMISSIONS, ROLES, SCOPES
from .steps import Case
from .user_cases import USERS

CASES: tuple[Case, ...] = (*USERS, *ROLES, *PERMISSIONS, *SCOPES, *OTHERS)
