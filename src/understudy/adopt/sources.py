"""A place where the tests get a database server or its address."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from understudy.adopt.adoption import Kind, Refusal
from understudy.adopt.targets import Role, Target
from understudy.project.scopes import Function
from understudy.project.sources import Module


@dataclass(frozen=True)
class Source:
    """A place where the tests get a server or its address.

    Attributes:
        target: the database that they move to.
        kind: what they stand on.
        role: what the place gives to the rest: "container" and "server" have attributes of an
            address, "client" is a connection, "variable" is a URL in a variable of the module,
            "connects" is a URL in a fixture, and "database" is a fixture that creates one.
        module: the file.
        node: the call or the URL, or the decorator or parameter of what is not rewritten.
        what: it, in a few words.
        function: the fixture that it is in; None at the top level.
        name: the fixture's or variable's name; empty for "connects".
        drivers: SQLAlchemy's names of the driver that its URL may have, the likeliest first; an
            empty one stands for a URL without.
        settings: keys for `[tool.understudy]`.
        notes: what the reader has to know.
        refusal: why it is not rewritten, or None.
    """

    target: Target
    kind: Kind
    role: Role
    module: Module
    node: ast.expr | ast.arg
    what: str
    function: Function | None = None
    name: str = ""
    drivers: Sequence[str] = ("",)
    settings: Mapping[str, object] = field(default_factory=dict)
    notes: Sequence[str] = ()
    refusal: Refusal | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables to set."""
        found = self.settings.get(self.target.environment)
        return found if isinstance(found, dict) else {}
