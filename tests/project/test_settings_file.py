"""The names in `openprospect.toml`, compared with what the commands take."""

from openprospect.cli.main import app
from openprospect.cli.settings_file import FOR_ONE_RUN, STANDING
from tests.project.test_docs_cover import commands_of


def test_what_the_file_may_hold_and_what_it_may_not_is_what_the_commands_take():
    names = set()
    for words in commands_of(app):
        command = app
        for word in words.split():
            command = command[word]
        names |= {name for argument in command.assemble_argument_collection() for name in argument.names if name.startswith("--")}
    positive = {name for name in names if not name.startswith(("--no-", "--empty-"))}
    assert {name.removeprefix("--").replace("-", "_") for name in positive} == STANDING | FOR_ONE_RUN
