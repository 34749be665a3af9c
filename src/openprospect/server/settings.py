"""What an operator may set about the service itself; where it listens and keeps its data is told to the commands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked where they are read, passed on as they are."""

    erasure_deadline_days: int = 30


DEFAULTS = Settings()
