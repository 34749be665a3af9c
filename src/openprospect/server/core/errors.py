"""Errors, grouped by what the caller should do next. The HTTP status of each stands once, in `http/errors.py`.

OpenProspectError
├── InvalidInput          mend the request
│   └── RejectedRows      mend these rows
├── NotFound              ask for something else
├── Conflict              look at what is there, then decide
├── Gone                  start again
├── Unauthenticated       bring a key that works
├── Forbidden             bring a key with more scopes
├── NotAcceptable         ask for another form
├── EncodedBody           send it uncompressed
├── TooManyRequests       wait
├── Unavailable           try again later
│   └── Busy              once others are done
└── Misconfigured         mend the settings, or have whoever runs the service mend them
"""

from dataclasses import dataclass
from typing import Any


class OpenProspectError(Exception):
    """Something went wrong that the caller can act on."""

    code = "INTERNAL_ERROR"

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details = details


class InvalidInput(OpenProspectError):
    code = "VALIDATION_ERROR"


class NotFound(OpenProspectError):
    code = "NOT_FOUND"


class Conflict(OpenProspectError):
    code = "CONFLICT"


class Gone(OpenProspectError):
    code = "GONE"


class Unauthenticated(OpenProspectError):
    code = "UNAUTHORIZED"


class Forbidden(OpenProspectError):
    code = "AUTHORIZATION_ERROR"


class NotAcceptable(OpenProspectError):
    code = "NOT_ACCEPTABLE"


class TooManyRequests(OpenProspectError):
    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_seconds: int, **details: Any) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds, retryable=True, **details)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(OpenProspectError):
    """`effect` says what became of the request; whoever knows better what became of the whole begins anew from the `cause`."""

    code = "UNAVAILABLE"

    def __init__(self, cause: str, *, effect: str = "", **details: Any) -> None:
        super().__init__(f"{cause} {effect}".rstrip(), **details)
        self.cause = cause


class Busy(Unavailable):
    """What has to be changed is held by others, who are changing it."""

    def __init__(self) -> None:
        super().__init__(
            "The same feed is being changed by somebody else, or somebody is being erased, and this takes longer than usual.",
            effect="Nothing was changed; try again in a few seconds.",
            outcome="unchanged",
        )


class EncodedBody(OpenProspectError):
    """A body that was compressed on its way, or otherwise encoded."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class Misconfigured(OpenProspectError):
    code = "MISCONFIGURED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one field of one row; `field` is a path such as `prospects[1].email`."""

    field: str
    reason: str


MOST_FAULTS, MOST_FAULTS_A_ROW = 1_000, 20
"""So many are listed: each row has its share of them."""


class RejectedRows(InvalidInput):
    """Rows of a batch that cannot be delivered, by their index in the batch, counted from 0; `unlisted` faults are left out already."""

    def __init__(self, faults: dict[int, list[Fault]], *, unlisted: int = 0) -> None:
        self.faults = faults
        share = max(1, min(MOST_FAULTS_A_ROW, MOST_FAULTS // len(faults)))
        rows = [
            {"index": index, "field": fault.field, "reason": fault.reason}
            for index, found in sorted(faults.items())
            for fault in found[:share]
        ]
        more = unlisted + sum(len(found) for found in faults.values()) - len(rows)
        super().__init__(
            f"{len(faults)} of the rows cannot be delivered, so none was; mend those listed in details.rows and send the batch again."
            + (f" Faults beyond those: {more:,}." if more else ""),
            rows=rows,
            more_faults=more,
        )
