"""A model whose validation is tested: what it accepts, and which lines check that."""

from __future__ import annotations

import ast
import functools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from understudy.write.guard import Refused, limited
from understudy.write.spelling import named

Values = Mapping[str, Any]
Line = tuple[str, int]
_NOT_THE_PROJECT = ("site-packages", "dist-packages")


class NoModel(Exception):
    """A class cannot be tested as a model; the text is the reason as a sentence."""


@dataclass(frozen=True)
class Problem:
    """An error of a validation.

    Attributes:
        place: its `loc`.
        kind: its `type`.
        text: its message.
    """

    place: tuple[Any, ...]
    kind: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """What a validation did.

    Attributes:
        dumped: the model as JSON, as tests compare it; None if it was rejected.
        problems: why it was rejected, in order.
        lines: the lines of the project that it ran.
        raised: the name of an exception that is no validation error; "" without one.
    """

    dumped: dict[str, Any] | None = None
    problems: tuple[Problem, ...] = ()
    lines: frozenset[Line] = field(default_factory=frozenset)
    raised: str = ""


class Model:
    """A pydantic model, of version 1 or 2, or a dataclass of pydantic.

    Args:
        cls: the class.
        root: the project's folder.

    Attributes:
        module: the name of its module.
        name: its name there, with the classes around it.
        schema: the JSON schema of its input.
        parse: the source that validates VALUES.
        dump: the source that returns the model `dto` as JSON.
        imports: the lines that `parse` and `dump` need.
        extra: what it does with unknown fields, if the project says so: "forbid", "allow".
        arcs: which lines of the project have run after which: file, first, last.

    Raises:
        NoModel: it cannot be tested.
    """

    def __init__(self, cls: Any, root: Path) -> None:
        self._class, self.module, self.name = cls, cls.__module__, cls.__qualname__
        source = named(cls)
        self._root = str(root.resolve())
        self.arcs: set[tuple[str, int, int]] = set()
        self.schema: dict[str, Any]
        self._validate: Callable[[Any], Any]
        self._dumped: Callable[[Any], Any]
        self.imports = source.imports
        try:
            with limited():
                self._prepare(source.text)
        except Refused as error:
            raise NoModel(str(error)) from None
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise NoModel(
                f"it has no JSON schema ({reason}); write its tests by hand, or give the field a "
                "type that JSON has"
            ) from error
        # A model that refers to itself is one of the definitions.
        name = self.schema.get("$ref", "").rpartition("/")[2]
        self.schema = {**self.schema, **self.schema.get("$defs", {}).get(name, {})}
        is_mapping = self.schema.get("additionalProperties") and not self.schema.get("properties")
        if self.schema.get("type") != "object" or is_mapping:
            raise NoModel("its input has no fields with names; write its tests by hand")

    def _prepare(self, name: str) -> None:
        if hasattr(self._class, "model_validate"):
            self.schema = self._class.model_json_schema()
            self.parse, self.dump = (
                f"{name}.model_validate(VALUES)",
                'dto.model_dump(mode="json")',
            )
            self._validate, self._dumped = (
                self._class.model_validate,
                lambda value: value.model_dump(mode="json"),
            )
            config = self._class.model_config
        elif hasattr(self._class, "parse_obj"):
            self.schema = self._class.schema()
            self.parse, self.dump = f"{name}.parse_obj(VALUES)", "json.loads(dto.json())"
            self.imports += ("import json",)
            self._validate = self._class.parse_obj
            self._dumped = lambda value: json.loads(value.json())
            extra = self._class.__config__.extra
            config = {"extra": getattr(extra, "value", extra)}
        elif hasattr(self._class, "__pydantic_validator__"):
            from pydantic import TypeAdapter

            adapter: Any = TypeAdapter(self._class)
            self.schema = adapter.json_schema()
            self.parse = f"TypeAdapter({name}).validate_python(VALUES)"
            self.dump = f'TypeAdapter({name}).dump_python(dto, mode="json")'
            self.imports += ("from pydantic import TypeAdapter",)
            self._validate = adapter.validate_python
            self._dumped = lambda value: adapter.dump_python(value, mode="json")
            config = {}
        else:
            raise TypeError(f"{self.name} is no pydantic model")
        self.extra = str(config.get("extra") or "")

    def try_values(self, values: Values) -> Outcome:
        """Validate an input, and dump the model.

        Raises:
            NoModel: it does what a trial does not do.
        """
        from pydantic import ValidationError

        tracer = _Tracer(self._root)
        before = sys.gettrace()
        sys.settrace(tracer.begin)
        try:
            with limited():
                dumped = self._dumped(self._validate(dict(values)))
        except Refused as error:
            raise NoModel(str(error)) from None
        except ValidationError as error:
            problems = tuple(
                Problem(tuple(each["loc"]), each["type"], each["msg"]) for each in error.errors()
            )
            return Outcome(None, problems, tracer.lines)
        except Exception as error:  # noqa: BLE001 - it is the project's own: a finding
            return Outcome(None, (), tracer.lines, type(error).__name__)
        finally:
            sys.settrace(before)
            self.arcs |= tracer.arcs
        return Outcome(dumped, (), tracer.lines)

    @functools.cached_property
    def constants(self) -> Sequence[Any]:
        """The texts and numbers that the model's module compares values with."""
        file = getattr(sys.modules[self.module], "__file__", None)
        if file is None:
            return ()
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
        found: dict[Any, None] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare | ast.Call | ast.match_case):
                for part in ast.walk(node):
                    if isinstance(part, ast.Constant) and type(part.value) in (str, int):
                        found[part.value] = None
        return [value for value in found if not isinstance(value, str) or len(value) < 40]


class _Tracer:
    """Notes which lines of the project run after which. Nothing else traces at the same time.

    Args:
        root: the project's folder.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self.arcs: set[tuple[str, int, int]] = set()

    @property
    def lines(self) -> frozenset[Line]:
        """The lines that ran."""
        return frozenset((file, last) for file, _, last in self.arcs if last > 0)

    def begin(self, frame: FrameType, _event: str, _arg: object) -> Any:  # untraced
        """Trace a function if it is the project's."""
        file, first = frame.f_code.co_filename, frame.f_code.co_firstlineno
        if not file.startswith(self._root) or any(name in file for name in _NOT_THE_PROJECT):
            return None
        previous = -first  # as coverage.py names the begin and the end of a function

        def step(frame: FrameType, event: str, _arg: object) -> Any:
            nonlocal previous
            if event in ("line", "return"):
                line = frame.f_lineno if event == "line" else -first
                self.arcs.add((file, previous, line))
                previous = line
            return step

        return step
