"""What a MySQL server tells of mutants: whether it accepts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from understudy.mutate import operators
from understudy.mutate.mutants import Judgement, Mutant, Telling
from understudy.mutate.mysql_statements import preparable, printable
from understudy.mutate.statements import Statement
from understudy.mysql.packets import Err
from understudy.mysql_catalog.prepare import prepare
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin

_UNKNOWN = Judgement("unknown", "no rows are generated on MySQL that would tell")


class MysqlJudge:
    """Makes the mutants of statements, and judges them; see `judge.Judge`.

    Args:
        address: of a database with the schema.
    """

    def __init__(self, address: Address) -> None:
        self._address = address

    def mutants(self, statements: Sequence[Statement]) -> list[Mutant]:
        """Return the mutants of statements."""
        found = [operators.mutants(statement.sql) for statement in statements]
        return [
            replace(mutant, sentence=printable(mutant.sentence))
            for of_one in found
            for mutant in of_one
        ]

    def verdicts(
        self, statements: Sequence[Statement], mutants: Sequence[Mutant]
    ) -> Mapping[Mutant, Judgement]:
        """Return the verdicts on the mutants of statements."""
        with Admin(self._address, server_settings=True) as admin:
            return {mutant: _verdict(admin, mutant) for mutant in mutants}

    def rows(
        self, statements: Sequence[Statement], mutants: Sequence[Mutant]
    ) -> Mapping[Mutant, Telling]:
        """Return nothing: no rows are looked for."""
        return {}


def _verdict(admin: Admin, mutant: Mutant) -> Judgement:
    said = prepare(admin.connection, preparable(mutant.sql))
    return (
        Judgement("refused", f"{said.code}: {said.message}") if isinstance(said, Err) else _UNKNOWN
    )
