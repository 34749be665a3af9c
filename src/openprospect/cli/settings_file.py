"""`openprospect.toml`: settings for every command of a folder. What no command knows is refused: nobody would miss a misspelt one."""

from difflib import get_close_matches
from typing import Any

from cyclopts import App, ArgumentCollection, CycloptsError
from cyclopts.config import Toml

SETTINGS_FILE = "openprospect.toml"

_CRM = "crm"  # tables of their own: openprospect.sync.destinations.crm.settings

# Written down, not asked of the commands: that would import all of them, of which a consumer has half.
_NAMES = """
all_or_nothing allow_private api_key base_url clock_is_right company connections consumer data_dir database_url dry_run email encoding
erasure_deadline_days erasure_id erasure_log event every expires_in file format full host id into json key_id limit log_format map
metrics_token migrate name organization port prospect_id rate_limit rate_limit_enterprise rate_limit_free rate_limit_pro
read_database_urls read_seconds reason redis_url rejects scope search search_id secret_key since source_id stop_notice_seconds test tier to
url webhook_allow_private webhook_attempt_days webhook_failed_attempt_days webhook_id without_erasure_log workers
"""
KNOWN = frozenset(_NAMES.split())
"""What options are called in the file."""


class SettingsFile(Toml):
    """One table for all commands: each takes what is its own, and passes over what another one knows."""

    def __init__(self) -> None:
        super().__init__(SETTINGS_FILE, allow_unknown=True, use_commands_as_keys=False)

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        _refuse_unknown(self.config)
        super().__call__(app, commands, arguments)


def _refuse_unknown(settings: dict[str, Any]) -> None:
    for key in settings:
        name = key.replace("-", "_")
        if name not in KNOWN and name != _CRM:
            meant = get_close_matches(name.lower().removeprefix("openprospect_"), KNOWN, n=1, cutoff=0.8)
            hint = f"; did you mean `{meant[0]}`?" if meant else "."
            raise CycloptsError(msg=f"{SETTINGS_FILE} has a setting `{key}` that no command knows{hint}")
