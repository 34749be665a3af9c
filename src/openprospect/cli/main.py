"""Every command by name, and what happens when one fails."""

import os
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import NoReturn

from cyclopts import App

from openprospect.cli.output import fail, misread, stderr
from openprospect.cli.settings_file import SettingsFile
from openprospect.server.core.garbage import collect_rarely

app = App(
    name="openprospect",
    help="Deliver companies and the people at them: nothing missing, nothing doubled, nothing that should be gone.",
    version=lambda: version("openprospect"),
    config=SettingsFile(),
    end_of_options_delimiter="--",
    error_console=stderr,
    error_formatter=misread,
)

# What a command does stands here too, as its own help begins: the list is shown without importing any of them.
_COMMANDS = {
    "serve": ("serve:serve", "Run the delivery service until SIGTERM or Ctrl-C; requests under way are finished first."),
    "migrate": ("serve:migrate", "Bring the database to this version's schema."),
    "partition": ("partition:partition", "Split the tables that grow with the feeds, by search; 1 makes them whole again."),
    "deliver": (
        "deliver:deliver",
        "Deliver a file of companies and people; rows that cannot be delivered go to FILE.rejected.jsonl.",
    ),
    "withdraw": ("feed:withdraw", "Take delivered companies back; consumers get each once more, with nobody in it."),
    "receipts": ("receipts:receipts", "Show how far each consumer has confirmed, what it has not, and which searches nobody pulls."),
    "history": ("history:history", "List who did what, newest first: in every organization, or to the companies of one search."),
    "person": (
        "privacy:person",
        "Print what is kept of a person in the organization, and who was given them: what they may ask to know. Nothing of it changes.",
    ),
    "erase": ("privacy:erase", "Erase a person for good, in every search of the organization, and keep them from coming back."),
    "backup": ("backup:backup", "Write all that the service keeps into a file, as of this moment; the service may go on meanwhile."),
    "restore": (
        "backup:restore",
        "Fill an empty database from a backup; whoever was erased since then is erased again before anything is served.",
    ),
    "sync": ("sync:sync", "Bring a destination up to date with one or more prospect searches."),
    "status": ("sync:status", "Show what a destination holds, and up to when."),
}

_GROUPS = {
    "organizations": (
        "Tenants.",
        {
            "create": ("access:create_organization", "Create a tenant: searches, keys and suppressions of its own."),
            "list": ("access:list_organizations", "List the tenants, with how many searches and working keys each has."),
        },
    ),
    "searches": (
        "Prospect searches: what consumers sync.",
        {
            "create": ("searches:create", "Open a prospect search, ready to be delivered to."),
            "list": ("searches:list_searches", "List the prospect searches of every tenant."),
        },
    ),
    "keys": (
        "API keys.",
        {
            "create": ("access:create_key", "Create an API key; its secret is shown this once."),
            "list": ("access:list_keys", "List the keys, without their secrets."),
            "tier": ("access:set_tier", "Change how many requests an hour a key may make."),
            "revoke": ("access:revoke_key", "End a key at once, on every worker."),
        },
    ),
    "webhooks": (
        "Where deliveries are pushed to.",
        {
            "create": ("webhooks:create", "Push what is delivered from now on to an endpoint; its secret is shown this once."),
            "list": ("webhooks:list_webhooks", "List the endpoints of every tenant, and how they are doing."),
            "test": ("webhooks:try_out", "Send a test message at once, and say what came of it."),
            "replay": ("webhooks:replay", "Send again what was sent before, in order and with the same ids."),
            "update": (
                "webhooks:update",
                "Push to another URL of the same receiver, or link elsewhere; place and secret stay, and one that was given up goes on.",
            ),
            "rotate": ("webhooks:rotate", "Make a new secret, shown this once; for a day, messages are signed with the previous one too."),
            "reseal": ("webhooks:reseal_secrets", "Seal every signing secret with the first key, once every service knows it."),
            "disable": ("webhooks:disable", "Send nothing more for now; the endpoint keeps its place."),
            "enable": ("webhooks:enable", "Go on where the endpoint stopped: everything delivered meanwhile is sent."),
            "delete": ("webhooks:delete", "Forget an endpoint, its secrets and its log."),
            "attempts": ("webhooks:attempts", "List what was sent and what came of it, newest first."),
        },
    ),
    "erasures": (
        "Who was erased, and who has confirmed.",
        {
            "list": ("privacy:list_erasures", "List the erasures, newest first, with how many recipients have yet to confirm."),
            "reapply": (
                "privacy:reapply_erasures",
                "Erase again whom a database recovered to an earlier moment does not know to be erased; stop the service first.",
            ),
            "begin-log": (
                "erasure_log:begin_log",
                "Go on with another erasure log, where the former is lost for good; what the database still knows is written into it.",
            ),
            "report": (
                "privacy:report_erasure",
                "Print what a data-protection officer files: who received the person, who has confirmed, who is late.",
            ),
            "settle": ("privacy:settle_erasure", "Answer for a recipient that can never confirm: it is waited for no more."),
        },
    ),
    "suppressions": (
        "Who is kept out of every delivery.",
        {
            "add": ("privacy:add_suppressions", "Keep addresses and domains out of every later delivery."),
            "remove": ("privacy:remove_suppressions", "Let addresses and domains in again."),
            "export": ("privacy:export_suppressions", "Print the suppression list as JSON lines of hashes: nobody can be read from it."),
            "import": (
                "privacy:import_suppressions",
                "Take in an export of this organization's list, or plain addresses and domains, one a line.",
            ),
        },
    ),
}


def _add(group: App, commands: Mapping[str, tuple[str, str]]) -> None:
    for name, (place, summary) in commands.items():
        group.command(f"openprospect.cli.{place}", name=name, help=summary)


_add(app, _COMMANDS)
for _name, (_summary, _commands) in _GROUPS.items():
    _group = App(name=_name, help=_summary)
    _add(_group, _commands)
    app.command(_group)


def main() -> NoReturn:
    """The entry point of `openprospect`: exits 0, 1 where trying again may help, 2 where somebody has to mend something."""
    collect_rarely()
    try:
        code = app(result_action="return_value")
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing is left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:  # noqa: BLE001  # the last place that can say it in one sentence
        code = fail(error)
    sys.exit(code or 0)
