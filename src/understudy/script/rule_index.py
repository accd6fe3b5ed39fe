"""Find the rules for a call without comparing it with every rule.

A rule with exact SQL is found by its tokens, and one with plain parameters by these. All others
(wildcards, regular expressions, predicates, ANY) are compared one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from understudy.pg import sql
from understudy.script.calls import Call
from understudy.script.parameter_matching import Given, Key
from understudy.script.rules import Rule

_FEW = 8  # rules for which an index costs more than it saves
_Places: TypeAlias = list[int]


class StatementRules(Sequence[Rule]):
    """The rules for one statement, latest first."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        # By the types of the expected values, and then by the values.
        self._plain: dict[Key, dict[Key, _Places]] | None = None
        self._others: _Places = []

    def __len__(self) -> int:
        return len(self._rules)

    def __getitem__(self, place: int) -> Rule:  # type: ignore[override] # slices are not needed
        return self._rules[place]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def candidates(self, given: Given) -> Iterator[Rule]:
        """Yield the rules whose parameters may match, latest first."""
        if len(self._rules) <= _FEW:
            return iter(self._rules)
        if self._plain is None:
            self._plain = self._by_values()
        # What rules of the same kind expect, as they have the same class of parameters.
        key = self._rules[0].parameters.exact_key(given)
        if key is None:
            return iter(self._rules)
        types = tuple(map(type, key))
        places = [*self._others, *self._plain.get(types, {}).get(key, ())]
        for other, by_values in self._plain.items():
            if other != types:
                places += [place for found in by_values.values() for place in found]
        places.sort()
        return map(self._rules.__getitem__, places)

    def _by_values(self) -> dict[Key, dict[Key, _Places]]:
        plain: dict[Key, dict[Key, _Places]] = {}
        for place, rule in enumerate(self._rules):
            expected = rule.parameters.plain
            if expected is None:
                self._others.append(place)
            else:
                by_values = plain.setdefault(tuple(map(type, expected)), {})
                by_values.setdefault(expected, []).append(place)
        return plain


class RuleIndex:
    """The rules of a script, by the statements that they are for."""

    def __init__(self) -> None:
        self._exact: dict[sql.Tokens, list[tuple[int, Rule]]] = {}
        self._patterns: list[tuple[int, Rule]] = []
        self._count = 0
        self._known: dict[str, StatementRules] = {}
        self._has_regex = False  # which may match a value that a driver has pasted into a text

    def add(self, rule: Rule) -> None:
        """Add a rule, before all earlier ones."""
        self._count += 1
        key = rule.exact_statement
        rules = self._patterns if key is None else self._exact.setdefault(key, [])
        rules.append((self._count, rule))
        self._has_regex |= getattr(rule, "regex", None) is not None
        self._known.clear()

    def rules_for(self, call: Call) -> StatementRules:
        """Return the rules for the statement of a call, with any parameters."""
        text = call.statement if self._has_regex else call.text
        found = self._known.get(text)
        if found is None:
            matching = [pair for pair in self._patterns if pair[1].matches_statement(call)]
            matching += self._exact.get(call.tokens, ())
            numbered = sorted(matching, key=lambda pair: pair[0])
            found = StatementRules([rule for _, rule in reversed(numbered)])
            self._known[text] = found
        return found
