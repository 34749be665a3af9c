"""A secret that somebody prints, logs or sees in a traceback does not show, whatever class holds it: found among all there are."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any, get_type_hints

import msgspec
import pytest

import openprospect

MARK = "hunter2-hunter2-hunter2-hunter2-hunter2"
SECRET = re.compile(r"secret|token|password|^key$|api_key|database_url|^dsn$|authorization")
HARMLESS = re.compile(r"_hash$|^sealed")
TEXT = re.compile(r"\b(str|bytes)\b")
# Scripts to be started, and what needs a tool that is not in this environment.
ELSEWHERE = re.compile(r"__main__$|\.connectors\.(files|spark)\b")


def classes() -> Iterator[type[Any]]:
    """Every class of ours with declared fields."""
    for module in pkgutil.walk_packages(openprospect.__path__, "openprospect."):
        if ELSEWHERE.search(module.name):
            continue
        for found in vars(importlib.import_module(module.name)).values():
            is_ours = inspect.isclass(found) and found.__module__ == module.name
            if is_ours and (dataclasses.is_dataclass(found) or issubclass(found, msgspec.Struct)):
                yield found


def secrets(kind: type[Any]) -> list[str]:
    """Its fields that hold a secret in clear."""
    hints = get_type_hints(kind)
    return [name for name in fields(kind) if SECRET.search(name) and not HARMLESS.search(name) and TEXT.search(str(hints[name]))]


def fields(kind: type[Any]) -> list[str]:
    return list(kind.__struct_fields__) if issubclass(kind, msgspec.Struct) else [field.name for field in dataclasses.fields(kind)]


def filled(kind: type[Any]) -> Any:
    """One with the mark in every secret."""
    values = {name: MARK if name in secrets(kind) else "something else" for name in fields(kind)}
    if issubclass(kind, msgspec.Struct):
        return kind(**values)
    made = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


HOLDERS = sorted({kind for kind in classes() if secrets(kind)}, key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")


def test_those_that_hold_secrets_are_found():
    assert {"Settings", "Storage", "NewKey", "NewSecret", "Operator", "CreatedWebhook", "RotatedSecret"} <= {
        kind.__name__ for kind in HOLDERS
    }


@pytest.mark.parametrize("kind", HOLDERS, ids=lambda kind: kind.__name__)
def test_no_secret_shows_in_the_repr_of_what_holds_it(kind: type[Any]):
    made = filled(kind)
    assert MARK not in repr(made) + str(made) + f"{[made]}"
