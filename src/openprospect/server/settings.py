"""The service's settings: from flags, the environment or `openprospect.toml`, checked together."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the data is, and how the service listens."""

    database_url: str | None = None
    data_dir: Path = Path(".openprospect")
    host: str = "127.0.0.1"
    port: int = 8400
    workers: int = 1

    def __repr__(self) -> str:
        where = "own PostgreSQL" if self.database_url else f"data_dir={self.data_dir}"
        return f"Settings({where}, listen={self.host}:{self.port}, workers={self.workers})"
