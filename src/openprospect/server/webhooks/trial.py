"""A test message, sent at once and without a second try: what an owner wants to see before relying on an endpoint."""

from datetime import UTC, datetime

from openprospect.server.core.errors import NotFound
from openprospect.server.db.pool import Database
from openprospect.server.webhooks import store
from openprospect.server.webhooks.message import trial_message
from openprospect.server.webhooks.model import Attempt, LoggedAttempt, Webhook
from openprospect.server.webhooks.sender import Sender


async def try_endpoint(database: Database, sender: Sender, webhook: Webhook) -> Attempt:
    """Send a test message, to a disabled endpoint too; the attempt is logged."""
    target = await store.target(database, webhook.id)
    if target is None:
        raise NotFound("This webhook endpoint has just been deleted.", code="WEBHOOK_NOT_FOUND")
    now = datetime.now(UTC)
    sent = await sender.send(target, trial_message(target, now=now))
    await store.log_attempts(database, [(target, LoggedAttempt(at=now, search_id=None, attempt=sent.attempt))])
    return sent.attempt
