"""What an operator may set about the service itself; where it listens and keeps its data is told to the commands."""

from dataclasses import dataclass

from openprospect.server.core.errors import Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked where they are read, passed on as they are."""

    erasure_deadline_days: int = 30

    def __post_init__(self) -> None:
        if not 1 <= self.erasure_deadline_days <= 3650:
            raise Misconfigured("erasure_deadline_days must be from 1 to 3650.")


DEFAULTS = Settings()
