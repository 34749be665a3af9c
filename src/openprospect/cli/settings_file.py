"""`openprospect.toml`: settings for every command of a folder. What no command knows is refused: nobody would miss a misspelt one."""

from difflib import get_close_matches
from typing import Any

from cyclopts import App, ArgumentCollection, CycloptsError
from cyclopts.config import Toml

SETTINGS_FILE = "openprospect.toml"

_CRM = "crm"  # tables of their own: openprospect.sync.destinations.crm.settings

# Written down, not asked of the commands: that would import all of them, of which a consumer has half.
_STANDING = """
all_or_nothing allow_private api_key base_url connections data_dir database_url encoding erasure_deadline_days erasure_log event every
expires_in format host json limit log_format map max_age metrics_token migrate organization port rate_limit rate_limit_enterprise
rate_limit_free rate_limit_pro read_database_urls read_seconds redis_url rejects scope search search_id secret_key sheet
stop_notice_seconds tier to url webhook_allow_private webhook_attempt_days webhook_failed_attempt_days workers
"""
# For one run alone. Forgotten in the file, a flag that waives a check would waive it ever after, and an id would be meant by every command.
_FOR_ONE_RUN = """
check clock_is_right company consumer dry_run email erasure_id file full id into key_id lacking name prospect_id reason rehearsal since
source_id test webhook_id without_erasure_log
"""
STANDING = frozenset(_STANDING.split())
"""What options are called in the file."""

FOR_ONE_RUN = frozenset(_FOR_ONE_RUN.split())
"""Options that the file may not hold."""


class SettingsFile(Toml):
    """One table for all commands: each takes what is its own, and passes over what another one knows."""

    def __init__(self) -> None:
        super().__init__(SETTINGS_FILE, allow_unknown=True, use_commands_as_keys=False)

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        _refuse_misplaced(self.config)
        super().__call__(app, commands, arguments)


def _refuse_misplaced(settings: dict[str, Any]) -> None:
    for key in settings:
        name = key.replace("-", "_")
        if name in FOR_ONE_RUN:
            option = "--" + name.replace("_", "-")
            raise CycloptsError(msg=f"{SETTINGS_FILE} has `{key}`, which is said for one run alone: take it out, and write {option} there.")
        if name not in STANDING and name != _CRM:
            meant = get_close_matches(name.lower().removeprefix("openprospect_"), STANDING, n=1, cutoff=0.8)
            hint = f"; did you mean `{meant[0]}`?" if meant else "."
            raise CycloptsError(msg=f"{SETTINGS_FILE} has a setting `{key}` that no command knows{hint}")
