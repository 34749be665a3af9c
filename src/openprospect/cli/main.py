"""Every command by name, and what happens when one fails."""

import os
import sys
from importlib.metadata import version
from typing import NoReturn

from cyclopts import App
from cyclopts.config import Toml

from openprospect.cli.output import fail

app = App(
    name="openprospect",
    help="Deliver companies and the people at them: nothing missing, nothing doubled, nothing that should be gone.",
    version=lambda: version("openprospect"),
    config=Toml("openprospect.toml", allow_unknown=True, use_commands_as_keys=False),
    end_of_options_delimiter="--",
)

_COMMANDS = {
    "serve": "serve:serve",
    "migrate": "serve:migrate",
    "deliver": "deliver:deliver",
    "withdraw": "feed:withdraw",
    "receipts": "feed:receipts",
    "erase": "privacy:erase",
    "sync": "sync:sync",
    "status": "sync:status",
}

_GROUPS = {
    "organizations": ("Tenants.", {"create": "access:create_organization"}),
    "searches": ("Prospect searches: what consumers sync.", {"create": "searches:create", "list": "searches:list_searches"}),
    "keys": ("API keys.", {"create": "access:create_key", "list": "access:list_keys", "revoke": "access:revoke_key"}),
    "erasures": ("Who was erased, and who has confirmed.", {"list": "privacy:list_erasures", "report": "privacy:report_erasure"}),
    "suppressions": (
        "Who is kept out of every delivery.",
        {
            "add": "privacy:add_suppressions",
            "remove": "privacy:remove_suppressions",
            "export": "privacy:export_suppressions",
            "import": "privacy:import_suppressions",
        },
    ),
}

for _name, _place in _COMMANDS.items():
    app.command(f"openprospect.cli.{_place}", name=_name)
for _name, (_help, _commands) in _GROUPS.items():
    _group = App(name=_name, help=_help)
    for _command, _place in _commands.items():
        _group.command(f"openprospect.cli.{_place}", name=_command)
    app.command(_group)


def main() -> NoReturn:
    """The entry point of `openprospect`: exits 0, 1 where trying again may help, 2 where somebody has to mend something."""
    try:
        code = app(result_action="return_value")
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing is left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:  # noqa: BLE001  # the last place that can say it in one sentence  # the last place that can say it in one sentence
        code = fail(error)
    sys.exit(code or 0)
