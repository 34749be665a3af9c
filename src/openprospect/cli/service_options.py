"""What an operator may set about the service itself, as options of `openprospect serve`."""

import os
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Literal

from cyclopts import Parameter

from openprospect.cli.storage import ErasureDeadlineDays
from openprospect.server.access.limits.counting import checked_redis_url
from openprospect.server.observability.tracing.wanted import wants_traces
from openprospect.server.settings import DEFAULTS, Settings


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """By the names that `Settings` has for them."""

    erasure_deadline_days: ErasureDeadlineDays = DEFAULTS.erasure_deadline_days
    """How many days recipients have to confirm an erasure."""

    rate_limit: Annotated[int | None, Parameter(env_var="OPENPROSPECT_RATE_LIMIT")] = DEFAULTS.rate_limit
    """How many requests an hour a key without a tier may make; unlimited where nothing is said."""

    rate_limit_free: Annotated[int, Parameter(env_var="OPENPROSPECT_RATE_LIMIT_FREE")] = DEFAULTS.rate_limit_free
    """How many a key of the tier free may make."""

    rate_limit_pro: Annotated[int, Parameter(env_var="OPENPROSPECT_RATE_LIMIT_PRO")] = DEFAULTS.rate_limit_pro
    """How many a key of the tier pro may make."""

    rate_limit_enterprise: Annotated[int, Parameter(env_var="OPENPROSPECT_RATE_LIMIT_ENTERPRISE")] = DEFAULTS.rate_limit_enterprise
    """How many a key of the tier enterprise may make."""

    redis_url: Annotated[str | None, Parameter(env_var="OPENPROSPECT_REDIS_URL", show_default=False)] = field(
        default=DEFAULTS.redis_url, repr=False
    )
    """The Redis in which requests are counted; without it, the database."""

    webhook_allow_private: Annotated[bool, Parameter(env_var="OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE")] = DEFAULTS.webhook_allow_private
    """Let webhooks go to loopback and private addresses, and over plain http."""

    webhook_attempt_days: Annotated[int, Parameter(env_var="OPENPROSPECT_WEBHOOK_ATTEMPT_DAYS")] = DEFAULTS.webhook_attempt_days
    """How many days webhook attempts that were accepted stay in the log."""

    webhook_failed_attempt_days: Annotated[int, Parameter(env_var="OPENPROSPECT_WEBHOOK_FAILED_ATTEMPT_DAYS")] = (
        DEFAULTS.webhook_failed_attempt_days
    )
    """How many days those that failed stay."""

    connections: Annotated[int, Parameter(env_var="OPENPROSPECT_CONNECTIONS")] = DEFAULTS.connections
    """How many connections a process holds; beyond that, those with nothing under way give way to newcomers."""

    read_seconds: Annotated[float, Parameter(env_var="OPENPROSPECT_READ_SECONDS")] = DEFAULTS.read_seconds
    """How long the database may take over a page, or over any other single read; what takes longer is answered 503."""

    log_format: Annotated[Literal["text", "json"], Parameter(env_var="OPENPROSPECT_LOG_FORMAT")] = "text"
    """text, or json for one object a line, each request among them."""

    metrics_token: Annotated[str | None, Parameter(env_var="OPENPROSPECT_METRICS_TOKEN", show_default=False)] = field(
        default=DEFAULTS.metrics_token, repr=False
    )
    """What a scraper of /metrics must send as its bearer token; without it, only this machine may scrape, and not by a proxy."""

    stop_notice_seconds: Annotated[float, Parameter(env_var="OPENPROSPECT_STOP_NOTICE_SECONDS")] = DEFAULTS.stop_notice_seconds
    """How long, after SIGTERM, /ready says 503 before anything else stops: the time that a load balancer needs to notice."""

    read_database_urls: Annotated[tuple[str, ...], Parameter(env_var="OPENPROSPECT_READ_DATABASE_URLS", show_default=False)] = field(
        default=DEFAULTS.read_database_urls, repr=False
    )
    """Streaming replicas of your PostgreSQL, with blanks between them in the environment: feeds are read from those that are not behind."""

    def settings(self) -> Settings:
        """Checked; what only the database tells is yet to come."""
        redis_url = checked_redis_url(self.redis_url)
        metrics_token = self.metrics_token or None  # compose.yaml hands over an empty one
        return Settings(**asdict(replace(self, redis_url=redis_url, metrics_token=metrics_token)), is_traced=wants_traces(os.environ))


DEFAULT_OPTIONS = ServiceOptions()
