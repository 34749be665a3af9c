"""The shapes of the documented API, as the consumer reads them: a page, its companies, their prospects."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from openprospect.sync.errors import AnswerUnclear, TryLater


class Prospect(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One person at a company; `attributes` holds every field that is not documented."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    job_title: str | None = None
    attributes: dict[str, Any] | None = None


class Company(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One result of a search, whole; `removed_at` is set where it was withdrawn.

    `delivered_at` is text exactly as served, microseconds included; None from servers that do not tell.
    """

    id: str
    name: str
    website_url: str | None = None
    source_id: str | None = None
    prospects: list[Prospect] = []
    delivered_at: str | None = None
    attributes: dict[str, Any] | None = None
    removed_at: str | None = None
    removal_reason: str | None = None


class Page(msgspec.Struct, gc=False):
    items: list[Company]
    has_more: bool
    total: int = 0


class Failure(msgspec.Struct):
    code: str = ""
    message: str = ""
    request_id: str | None = None


class _LoosePage(msgspec.Struct):
    items: list[dict[str, Any]]
    has_more: bool
    total: int = 0


# Text in another encoding, and lists nested without end, are not told as `DecodeError`.
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_page = msgspec.json.Decoder(Page)
_company = msgspec.json.Decoder(Company)
_loose_company = msgspec.json.Decoder(dict[str, Any])
_loose_page = msgspec.json.Decoder(_LoosePage)
_failure = msgspec.json.Decoder(Failure)


def decode_page(body: bytes) -> Page:
    """Read a page; fields that the documentation does not name end up in `attributes`."""
    with _readable("page"):
        try:
            return _page.decode(body)
        except msgspec.ValidationError:
            return _decode_with_unknown_fields(body)


def decode_lines(body: bytes) -> list[Company]:
    """Read companies, one a line; fields that the documentation does not name end up in `attributes`."""
    with _readable("line"):
        try:
            return _company.decode_lines(body)
        except msgspec.ValidationError:
            return _companies(_loose_company.decode_lines(body))


def decode_failure(body: bytes) -> Failure:
    """Read an error's body; one that is not ours reads as empty."""
    try:
        return _failure.decode(body)
    except _NO_JSON:
        return Failure()


def _decode_with_unknown_fields(body: bytes) -> Page:
    page = _loose_page.decode(body)
    return Page(items=_companies(page.items), has_more=page.has_more, total=page.total)


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        yield
    except (msgspec.ValidationError, TypeError, AttributeError) as error:
        raise AnswerUnclear(f"The server's answer is not shaped as documented: {error}. Is the base URL that of the service?") from error
    except _NO_JSON as error:
        raise TryLater(f"The server sent a {what} that is not JSON: {error}. Is the base URL that of the service?") from error


def _companies(items: list[dict[str, Any]]) -> list[Company]:
    items = [_with_attributes(item, Company) for item in items]
    for item in items:
        item["prospects"] = [_with_attributes(prospect, Prospect) for prospect in item.get("prospects") or []]
    return msgspec.convert(items, list[Company])


def _with_attributes(item: dict[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    unknown = {name: value for name, value in item.items() if name not in shape.__struct_fields__}
    if not unknown:
        return item
    known = {name: value for name, value in item.items() if name in shape.__struct_fields__}
    return known | {"attributes": unknown | (item.get("attributes") or {})}
