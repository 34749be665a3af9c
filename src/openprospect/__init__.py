"""OpenProspect: the delivery service and, here, the public names of its consumer library.

The names load when first used, so that `import openprospect` costs nothing in the service.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openprospect.sync.client import Client
    from openprospect.sync.errors import FixNeeded, Stopped, SyncError, TryLater
    from openprospect.sync.webhooks import SignedRequest, WebhookEvent, WebhookRefused, sign_webhook, verify_webhook
    from openprospect.sync.wire import Company, Prospect

_HOMES = {
    "Client": "openprospect.sync.client",
    "Company": "openprospect.sync.wire",
    "FixNeeded": "openprospect.sync.errors",
    "Prospect": "openprospect.sync.wire",
    "SignedRequest": "openprospect.sync.webhooks",
    "Stopped": "openprospect.sync.errors",
    "SyncError": "openprospect.sync.errors",
    "TryLater": "openprospect.sync.errors",
    "WebhookEvent": "openprospect.sync.webhooks",
    "WebhookRefused": "openprospect.sync.webhooks",
    "sign_webhook": "openprospect.sync.webhooks",
    "verify_webhook": "openprospect.sync.webhooks",
}

__all__ = [
    "Client",
    "Company",
    "FixNeeded",
    "Prospect",
    "SignedRequest",
    "Stopped",
    "SyncError",
    "TryLater",
    "WebhookEvent",
    "WebhookRefused",
    "sign_webhook",
    "verify_webhook",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
