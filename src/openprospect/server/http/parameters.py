"""Query parameters: declared once, read strictly, documented from the same declaration.

Nothing is clamped and nothing unknown is passed over: a misspelt `delivered_sinc` would silently pull everything.
"""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request

from openprospect.server.core.errors import InvalidInput
from openprospect.server.core.timestamps import parse_timestamp

T = TypeVar("T")

_OPTION = "query_parameters"
_INTEGER = re.compile(r"-?\d{1,100}", re.ASCII)
# A name that is longer may be a secret that slipped into the wrong place: a key has 41 characters.
_NAME = re.compile(r"[\w.\[\]-]{1,40}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class Parameter(ABC, Generic[T]):
    """One query parameter of an endpoint."""

    def __init__(self, name: str, *, default: T, description: str) -> None:
        self.name = name
        self.default = default
        self.description = description

    @abstractmethod
    def parse(self, text: str) -> T:
        """Raises ValueError, whose text goes on after the parameter's name: 'is not …'."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """As OpenAPI describes its values."""


class Integer(Parameter[int]):
    def __init__(self, name: str, *, minimum: int, maximum: int, default: int, description: str) -> None:
        super().__init__(name, default=default, description=description)
        self._minimum = minimum
        self._maximum = maximum

    def parse(self, text: str) -> int:
        value = int(text) if _INTEGER.fullmatch(text) else None
        if value is None or not self._minimum <= value <= self._maximum:
            raise ValueError(f"must be a whole number from {self._minimum} to {self._maximum}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self._minimum, "maximum": self._maximum, "default": self.default}


class Moment(Parameter[datetime | None]):
    def __init__(self, name: str, *, description: str) -> None:
        super().__init__(name, default=None, description=description)

    def parse(self, text: str) -> datetime:
        return parse_timestamp(text)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "examples": ["2026-02-25T12:00:00Z"]}


class Text(Parameter[str | None]):
    def __init__(self, name: str, *, maximum_length: int, description: str) -> None:
        super().__init__(name, default=None, description=description)
        self._maximum_length = maximum_length

    def parse(self, text: str) -> str:
        if len(text) > self._maximum_length or "\0" in text:
            raise ValueError(f"must be at most {self._maximum_length} characters, none of them NUL")
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self._maximum_length, "pattern": "^[^\\u0000]*$"}


class Choice(Parameter[str | None]):
    def __init__(self, name: str, *, choices: tuple[str, ...], description: str) -> None:
        super().__init__(name, default=None, description=description)
        self._choices = choices

    def parse(self, text: str) -> str:
        if text not in self._choices:
            raise ValueError(f"must be one of {', '.join(self._choices)}")
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self._choices)}


class Identifier(Parameter[UUID | None]):
    def __init__(self, name: str, *, description: str) -> None:
        super().__init__(name, default=None, description=description)

    def parse(self, text: str) -> UUID:
        return identifier(text)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}


def query(*parameters: Parameter[Any]) -> dict[str, Any]:
    """What a route hands to its decorator as `opt=`: the parameters that it knows."""
    return {_OPTION: parameters}


def declared(options: dict[str, Any]) -> tuple[Parameter[Any], ...]:
    """The parameters that a route's `opt` declares."""
    found: tuple[Parameter[Any], ...] = options.get(_OPTION, ())
    return found


class Query:
    """A query string, held against the parameters that a route knows. `query[LIMIT]` is typed. Raises InvalidInput."""

    def __init__(self, query_string: bytes, parameters: Iterable[Parameter[Any]]) -> None:
        known = {parameter.name: parameter for parameter in parameters}
        given = _pairs(query_string)
        _refuse_strangers(given, known)
        self._values = {name: _parsed(known[name], text) for name, text in given}

    def __getitem__(self, parameter: Parameter[T]) -> T:
        value: T = self._values.get(parameter.name, parameter.default)
        return value


def query_of(request: Request[Any, Any, Any]) -> Query:
    """The query string of a request, held against what its route declares; raises InvalidInput."""
    return Query(request.scope["query_string"], declared(request.route_handler.opt))


def identifier(text: str) -> UUID:
    """A UUID in its usual spelling; raises ValueError."""
    if not _UUID.fullmatch(text):
        raise ValueError("is not a UUID such as a1b2c3d4-e5f6-7890-abcd-ef1234567890")
    return UUID(text)


def path_identifier(name: str, text: str) -> UUID:
    """A UUID that is part of the path; raises InvalidInput."""
    try:
        return identifier(text)
    except ValueError as error:
        raise InvalidInput(f"{name} {error}.", parameter=name) from None


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise InvalidInput("The query string is not percent-encoded UTF-8, or has more than 50 parameters.") from None


def _refuse_strangers(given: list[tuple[str, str]], known: dict[str, Parameter[Any]]) -> None:
    counts = Counter(name for name, _ in given)
    for name, count in counts.items():
        if name not in known:
            shown = name if _NAME.fullmatch(name) else "(not shown)"
            raise InvalidInput(f"Unknown query parameter {shown}. This endpoint takes {', '.join(known) or 'none'}.", parameter=shown)
        if count > 1:
            raise InvalidInput(f"{name} is given {count} times; give it once.", parameter=name)


def _parsed(parameter: Parameter[T], text: str) -> T:
    try:
        return parameter.parse(text)
    except ValueError as error:
        raise InvalidInput(f"{parameter.name} {error}.", parameter=parameter.name) from None
