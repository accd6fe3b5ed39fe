"""The system user that the server runs as.

PostgreSQL refuses to run as root, which is the user in most containers. There it runs as `nobody`:
no user is created, and no mode of an existing file is changed. If `nobody` cannot reach the
installed binaries, the necessary ones are copied.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.embedded.environment import OWN_SERVER_HINT
from understudy.embedded.errors import PostgresUnavailable

_SERVER_USER = "nobody"


@dataclass(frozen=True)
class Account:
    """A user of the system to run PostgreSQL as.

    Attributes:
        name: Its name.
        uid: Its user id, or None for the current user.
        gid: Its group id, or None.
    """

    name: str
    uid: int | None = None
    gid: int | None = None

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """The arguments with which subprocess starts a program as this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path | int) -> None:
        """Make this user the owner of a file."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def reaches(self, folder: Path) -> bool:
        """Return whether the user can enter a folder and all of its parents, by their modes."""
        if self.uid is None:
            return True
        try:
            modes = [parent.stat() for parent in (folder, *folder.resolve().parents)]
        except OSError:
            return False
        return all(
            mode.st_mode & stat.S_IXOTH or (mode.st_uid == self.uid and mode.st_mode & stat.S_IXUSR)
            for mode in modes
        )


def server_account() -> Account:
    """Return the user to run the server as: the current user, or `nobody` instead of root.

    Raises:
        PostgresUnavailable: The user is root, and `nobody` does not exist.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return Account("the current user")
    import pwd

    try:
        entry = pwd.getpwnam(_SERVER_USER)
    except KeyError as error:
        raise PostgresUnavailable(
            "PostgreSQL refuses to run as root, and this system has no user `nobody` to run it "
            f"as.\nRun the tests as an ordinary user. {OWN_SERVER_HINT}"
        ) from error
    return Account(_SERVER_USER, entry.pw_uid, entry.pw_gid)
