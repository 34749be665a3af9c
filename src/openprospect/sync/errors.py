"""Errors of the consumer's half, grouped by what the caller should do next.

SyncError
├── TryLater           nothing to do: a later run may succeed
│   ├── RateLimited    … after the time the server asked for
│   │   └── QuotaSpent … when the next day's calls are there
│   ├── Busy           … once the other run, or reader, is done
│   └── Unforeseen     … or nobody knows; the log tells where it happened
├── FixNeeded          a person has to change something first
│   ├── KeyRefused     the key, or its scopes
│   ├── SearchGone     the search id
│   ├── RequestRefused what was asked for
│   ├── AnswerUnclear  the base URL, or the server behind it
│   ├── OtherInstance  what was stored so far: this service knows nothing of some of it
│   └── DestinationRefused  where the data should go
└── Stopped            asked to stop, and did
"""

import re

_PASSWORD = re.compile(r"(:/{2,4}[^\s:@/]*:)\S*@")


class SyncError(Exception):
    """Something went wrong between a feed and its destination. A message may quote a URL: the password in it is masked."""

    exit_code = 1

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        message = _PASSWORD.sub(r"\1***@", message)
        super().__init__(message if request_id is None else f"{message} (request {request_id})")
        self.message = message
        self.request_id = request_id


class TryLater(SyncError):
    """The server, the network or the destination is in trouble; a later run may succeed."""


class RateLimited(TryLater):
    """The server asks for a pause longer than this run may wait."""


class QuotaSpent(RateLimited):
    """The calls that the server allows a day are used up."""


class Busy(TryLater):
    """Another process holds the destination."""


class Unforeseen(TryLater):
    """An error that nothing here knows of."""

    @classmethod
    def of(cls, error: Exception) -> "Unforeseen":
        return cls(f"Unforeseen, the log tells where: {type(error).__name__}: {error}")


class FixNeeded(SyncError):
    """A person has to change something before another run makes sense."""

    exit_code = 2


class KeyRefused(FixNeeded):
    """The server does not accept the API key, or the key lacks a scope."""


class SearchGone(FixNeeded):
    """The server does not know the prospect search."""


class RequestRefused(FixNeeded):
    """The server understood the request and refuses it."""


class AnswerUnclear(FixNeeded):
    """The server answers with something other than a feed."""


class OtherInstance(FixNeeded):
    """The service is not the one that a stored place was given out by."""


class DestinationRefused(FixNeeded):
    """The destination cannot, or must not, be written to as it is."""


class Stopped(SyncError):
    """The run was asked to stop; what it had committed stays."""
