"""Which SQL mutants a trial would notice: it runs with each, and shows something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from understudy.mutate.judge import Judge
from understudy.mutate.mutants import Judgement, Mutant
from understudy.mutate.statements import Ran, Statement, sent
from understudy.script.boundary import Change, Event, Replace
from understudy.write import fingerprint
from understudy.write.lab import Lab
from understudy.write.trials import Kept


@dataclass
class Killed:
    """What became of the mutants.

    Attributes:
        by: the trials that kill a mutant, as positions.
        alive: the mutants that no trial notices.
        verdicts: what generated rows tell of each mutant.
    """

    by: dict[Mutant, list[int]] = field(default_factory=dict)
    alive: list[Mutant] = field(default_factory=list)
    verdicts: Mapping[Mutant, Judgement] = field(default_factory=dict)


class Mutation:
    """The mutants of the statements that some trials send.

    Args:
        lab: runs the trials.
        judge: makes the mutants.
    """

    def __init__(self, lab: Lab, judge: Judge) -> None:
        self._lab = lab
        self._judge = judge

    def statements(self, candidates: Sequence[Kept]) -> list[Statement]:
        """Return the statements that candidates send; their senders are positions."""
        ran = [
            Ran(str(at), 0.0, candidate.observed[0].events)
            for at, candidate in enumerate(candidates)
        ]
        return sent(ran, lambda path: False)

    def run(self, candidates: Sequence[Kept], chosen: Sequence[int]) -> Killed:
        """Run mutants with the candidates that send their statement, until one notices.

        Args:
            candidates: trials that were observed several times.
            chosen: the positions of those that are kept in any case: they are asked first.
        """
        statements = self.statements(candidates)
        mutants = self._judge.mutants(statements)
        found = Killed(verdicts=self._judge.verdicts(statements, mutants))
        patterns = [fingerprint.stable(candidate.observed) for candidate in candidates]
        senders = {one.sql: [int(sender.name) for sender in one.senders] for one in statements}
        kept = set(chosen)
        for mutant in mutants:
            if found.verdicts[mutant].verdict == "refused":
                continue
            asked = sorted(senders[mutant.statement], key=lambda at: (at not in kept, at))
            killer = next(
                (at for at in asked if self.notices(candidates[at], patterns[at], mutant)), None
            )
            if killer is not None:
                found.by[mutant] = [killer]
                kept.add(killer)
            elif found.verdicts[mutant].verdict != "equivalent":
                found.alive.append(mutant)
        return found

    def notices(self, candidate: Kept, pattern: object, mutant: Mutant) -> bool:
        """Return whether a trial shows something else with a mutant."""

        def change(event: Event) -> Change | None:
            is_it = event.kind == "statement" and event.call.statement == mutant.statement
            return Replace(mutant.sql) if is_it else None

        seen = self._lab.observe(candidate.trial, change=change)
        return self._lab.has_fired and not fingerprint.fits(pattern, fingerprint.shown(seen))

    def telling(self, candidates: Sequence[Kept], alive: Sequence[Mutant]) -> Iterator[str]:
        """Yield the lines that insert a row which tells a mutant from its original."""
        rows = self._judge.rows(self.statements(candidates), alive)
        yield from dict.fromkeys(rows.values())
