"""Every setting, command, route and folder of tests stands where one looks it up, and nothing stands there that does not exist."""

import json
import re
from collections.abc import Iterator

from cyclopts import App

from openprospect.cli.main import app
from tests.project.repository import files_ending, own_files, text_of
from tests.project.settings import settings_in, settings_of_the_source

_CODE = re.compile(r'(?:code=|code = |\b\d{3}, )"([A-Z_]+)"')
# What every error of its kind tells more precisely, and what no request meets.
_NEVER_SENT = {"GONE", "HTTP_ERROR"}
_ROUTE = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) /\S*)`")


def commands_of(group: App, *names: str) -> Iterator[str]:
    for name in group:
        if not name.startswith("-"):
            command = group[name]
            below = list(commands_of(command, *names, name))
            yield from below or [" ".join((*names, name))]


def routes_of_the_service():
    paths = json.loads(text_of("contract/openapi.json"))["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def test_the_reference_has_exactly_the_settings_of_the_source():
    assert settings_in(text_of("docs/reference/settings.md")) == settings_of_the_source()


def test_the_reference_has_exactly_the_commands_there_are():
    documented = set(re.findall(r"^\| `openprospect ([a-z]+(?: [a-z-]+)?)\b", text_of("docs/reference/commands.md"), re.MULTILINE))
    assert documented == set(commands_of(app))


def test_the_reference_has_every_code_of_an_error():
    sources = [text_of(path) for path in files_ending(".py") if path.parts[:3] == ("src", "openprospect", "server")]
    codes = {code for source in sources for code in _CODE.findall(source)} - _NEVER_SENT
    assert len(codes) > 15
    assert sorted(code for code in codes if f"`{code}`" not in text_of("docs/reference/api.md")) == []


def test_the_reference_has_exactly_the_routes_there_are():
    assert set(_ROUTE.findall(text_of("docs/reference/api.md"))) == routes_of_the_service() | {"GET /health"}


def test_pages_mention_no_setting_and_no_route_that_does_not_exist():
    pages = [path for path in files_ending(".md") if path.parts[0] != "tests"]
    assert {name for page in pages for name in settings_in(text_of(page))} - settings_of_the_source() == set()
    known = {re.sub(r"\{.*?\}", "{}", route) for route in routes_of_the_service() | {"GET /health"}}
    mentioned = {re.sub(r"\{.*?\}", "{}", route) for page in pages for route in _ROUTE.findall(text_of(page))}
    assert mentioned - known == set()


def test_the_architecture_has_exactly_the_folders_of_tests_there_are():
    section = text_of("ARCHITECTURE.md").partition("\n## Tests\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)/`", section, re.MULTILINE)) == {path.parts[1] for path in own_files() if path.match("tests/*/*.py")}
