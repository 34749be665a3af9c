"""Finds rows that were grouped with a company by a key they share, but otherwise describe another company. Nothing is merged here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

from openprospect.server.core.errors import Fault
from openprospect.server.feed.rows.identity import fold, split_website, website_key
from openprospect.server.intake.keys import Kind
from openprospect.server.intake.member import Member

_LEGAL_FORMS = frozenset(
    {"ab", "ag", "as", "bv", "co", "company", "corp", "corporation", "ek", "gbr", "gmbh", "inc", "incorporated", "kg", "kgaa", "limited"}
    | {"llc", "llp", "ltd", "mbh", "nv", "ohg", "oy", "oyj", "plc", "sa", "sarl", "sas", "se", "sl", "spa", "srl", "sro", "ug"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """The company by the rows that are known by the best of what any is known by; `line` is where it is named."""

    line: int
    name: str
    host: str | None
    page: str


def find_misgrouped(members: Sequence[Member]) -> dict[int, list[Fault]]:
    """The faults of rows that are of another company than the one which the best of their keys names, by line."""
    reference = _reference(members)
    others = [member for member in members if _name(member) != reference.name]
    found = {member.line: [fault] for member in others if _is_identified(member) and (fault := _stranger_by_id(member, reference))}
    return found | _strangers_by_website([member for member in others if not _is_identified(member)], reference)


def _reference(members: Sequence[Member]) -> _Reference:
    best = min(member.known_by for member in members)
    owners = [member for member in members if member.known_by == best]
    named = next((member for member in owners if _name(member)), None)
    located = next((member for member in owners if "website_url" in member.company and _may_be_called(member, named)), None)
    page, host = (_page(located), website_key(located.company["website_url"])) if located else ("", None)
    # Where its own rows do not name it, whoever has its page, or no other, may.
    of_its_page = (member for member in members if "website_url" not in member.company or _page(member) == page)
    named = named or next(filter(_name, of_its_page), owners[0])
    return _Reference(line=named.line, name=_name(named), host=host, page=page)


def _may_be_called(member: Member, named: Member | None) -> bool:
    return named is None or _are_akin(_name(member), _name(named))


def _stranger_by_id(member: Member, reference: _Reference) -> Fault | None:
    host = website_key(member.company.get("website_url"))
    if not reference.name or _are_akin(_name(member), reference.name) or (host and host == reference.host):
        return None
    reason = f"same id as line {reference.line}, but another name and no common website; check that this column identifies companies"
    return Fault(field=member.known_by.field, reason=reason)


def _strangers_by_website(others: Sequence[Member], reference: _Reference) -> dict[int, list[Fault]]:
    """Of rows without an identifier and with another name, those on another page of the website, or whose name has nothing in common."""
    apart = [member for member in others if _page(member) != reference.page]
    named = any(map(_name, apart))
    found = {member.line: _stranger(reference, "but another page, and another company name or none") for member in apart if named}
    unlike = [member for member in others if _name(member) and reference.name and not _are_akin(_name(member), reference.name)]
    return {member.line: _stranger(reference, "but another company name") for member in unlike} | found


def _stranger(reference: _Reference, difference: str) -> list[Fault]:
    reason = f"same website as line {reference.line}, {difference}; give each company a source_id, or one company one name"
    return [Fault(field="name", reason=reason)]


def _are_akin(one: str, other: str) -> bool:
    """Whether one of two names holds all words of the other, whatever the legal form: `Adler GmbH`, `Hotel Adler`."""
    words, others = _words(one), _words(other)
    return words <= others or others <= words


def _words(name: str) -> frozenset[str]:
    words = frozenset(re.findall(r"[^\W_]+", normalize("NFKD", name).replace(".", "")))
    return words - _LEGAL_FORMS or words


def _is_identified(member: Member) -> bool:
    return member.known_by in (Kind.ID, Kind.SOURCE_ID)


def _name(member: Member) -> str:
    return fold(member.company.get("name", ""))


def _page(member: Member) -> str:
    """What of the website comes after what it is known by; a slash at the end makes no difference."""
    website_url = member.company.get("website_url", "")
    parts = split_website(website_url)
    is_known_by_page = "/" in (website_key(website_url) or "")
    return parts[2].rstrip("/") if parts and not is_known_by_page else ""
