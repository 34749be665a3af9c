"""What an operator may set about the service itself; where it listens and keeps its data is told to the commands."""

from dataclasses import dataclass, field

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.connecting import check_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked where they are read, passed on as they are."""

    rate_limit: int | None = None
    rate_limit_free: int = 1_000
    rate_limit_pro: int = 10_000
    rate_limit_enterprise: int = 100_000
    redis_url: str | None = field(default=None, repr=False)
    erasure_deadline_days: int = 30
    erasure_log: str | None = None
    webhook_allow_private: bool = False
    webhook_attempt_days: int = 30
    webhook_failed_attempt_days: int = 90
    connections: int = 10_000
    read_seconds: float = 25.0
    log_format: str = "text"
    is_traced: bool = False
    stop_notice_seconds: float = 0.0
    metrics_token: str | None = field(default=None, repr=False)
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    read_database_urls: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name in ("erasure_deadline_days", "webhook_attempt_days", "webhook_failed_attempt_days"):
            if not 1 <= getattr(self, name) <= 3650:
                raise Misconfigured(f"{name} must be from 1 to 3650.")
        if self.connections < 1 or self.read_seconds <= 0:
            raise Misconfigured("connections must be 1 or more, and read_seconds more than 0.")
        for name in ("rate_limit", "rate_limit_free", "rate_limit_pro", "rate_limit_enterprise"):
            if (number := getattr(self, name)) is not None and number < 1:
                raise Misconfigured(f"{name} must be 1 or more requests an hour.")
        if not 0 <= self.stop_notice_seconds <= 300:
            raise Misconfigured("stop_notice_seconds must be from 0 to 300.")
        for url in self.read_database_urls:
            check_url(url, name="Each of OPENPROSPECT_READ_DATABASE_URLS, with blanks between them,")
        if self.log_format not in {"text", "json"}:
            raise Misconfigured("log_format must be text or json.")


DEFAULTS = Settings()
