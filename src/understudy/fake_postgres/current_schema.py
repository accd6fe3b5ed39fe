"""What is known of the schema at this moment: its types, and the codecs of their values."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.catalog import active_checker
from understudy.catalog.errors import CatalogError
from understudy.catalog.run_catalog import Catalog
from understudy.fake_postgres.protocol.statements import Field
from understudy.pg.codec_registry import Values
from understudy.pg.types import Type, TypeFacts, Types

_NO_FACTS: dict[str, TypeFacts] = {}


class Schema:
    """The schema as the catalog of the run describes it; the built-in types without a catalog."""

    def __init__(self) -> None:
        self._made: Mapping[str, TypeFacts] = {}
        self._made_of: Mapping[str, TypeFacts] | None = None
        self._types = Types(_NO_FACTS)
        self._values = Values(self._types)

    @property
    def catalog(self) -> Catalog | None:
        """What PostgreSQL says of statements; None without a catalog."""
        checker = active_checker.checker()
        return None if checker is None else checker.catalog

    @property
    def types(self) -> Types:
        """The types of now."""
        self._update()
        return self._types

    @property
    def values(self) -> Values:
        """The codecs of these types."""
        self._update()
        return self._values

    def field(self, name: str, type_name: str) -> Field:
        """Return a column of a result, from its name and the spelling of its type."""
        types = self.types
        known = types.named(type_name)
        return Field(name, types.oid(type_name), -1 if known is None else known.size)

    def made(self, name: str) -> Type:
        """Return a type by name; without a catalog, every name is one."""
        found = self.types.named(name)
        if found is None:
            base = name.removesuffix("[]")
            known = {
                **self._made,
                base: TypeFacts("base"),
                f"{base}[]": TypeFacts("array", base=base),
            }
            self._made = known
            self._types = Types(known)
            self._values = Values(self._types)
            found = self._types.named(name)
            assert found is not None
        return found

    def _facts(self) -> Mapping[str, TypeFacts]:
        checker = active_checker.checker()
        try:
            return _NO_FACTS if checker is None else checker.types
        except CatalogError:
            # The check of the statement fails with the same error, and names the call.
            return _NO_FACTS

    def _update(self) -> None:
        facts = self._facts()
        if self._made_of is not facts:
            self._made_of = facts
            self._types = Types(facts)
            self._values = Values(self._types)


class BuiltInTypes(Schema):
    """The built-in types: enough with a real server, which reads and writes its own values."""

    def _facts(self) -> Mapping[str, TypeFacts]:
        return _NO_FACTS
