"""A person's name in one cell, taken apart into first and last name. Which columns hold names is told elsewhere."""

import re

from openprospect.server.intake.headings import squeezed

_PARTICLES = frozenset(
    {"von", "van", "der", "den", "de", "di", "da", "del", "della", "la", "le", "zu", "zur", "vom", "ten", "ter", "dos", "al", "el", "bin"}
)
# Squeezed, one or several in a row. Not here is what may be a first name, or its initials: `JD`, `Ma`, `V`.
_SUFFIXES = re.compile(
    r"(jr|sr|i{2,3}+|iv|esq|esquire|md|dds|dvm|rn|cpa|cfa|cfp|pmp|mdb|mdl|llm|llb|(b|m)sc|(b|m)eng|(e|d)?mba|ph?d|dphil"
    r"|dipl(ing|kfm|kffr|kaufmann|kauffrau|oec|betriebswirt(in)?|vw|bw|inf|inform|psych|phys|math|chem|biol|jur|wirt|fh|ba)*"
    r"|dr(med|dent|vet|jur|iur|ing|phil|theol|oec|pol|rer|nat|agr|habil|hc)*)+"
)


def split_name(full_name: str) -> tuple[str | None, str | None]:
    """First and last name: `Maria von Ahn`, `von Ahn, Maria`. `PhD` and the like stay with the last name, as they stand: `Smith, Jr.`."""
    head, *others = (part.strip() for part in full_name.split(","))
    suffixes = [part for part in others if _is_suffix(part)]
    if len(suffixes) < len(others):
        first, last = ", ".join(part for part in others if part not in suffixes), head
    else:
        first, last = _split_at_blank(head, is_whole=not suffixes)
    return first or None, ", ".join(filter(None, [last, *suffixes])) or None


def last_name_beside(first_name: str, full_name: str) -> str | None:
    """What a first name that stands in a column of its own leaves of the full name, in either order: all of it, where it is not there."""
    first, last = split_name(full_name)
    words, given = full_name.split(), first_name.casefold().split()
    if first and not set(first.casefold().split()).isdisjoint(given):
        return last
    is_behind = len(given) < len(words) and [word.casefold() for word in words[-len(given) :]] == given
    return " ".join(words[: -len(given)]) if is_behind else full_name


def _split_at_blank(name: str, *, is_whole: bool) -> tuple[str, str]:
    """A single word is a first name where nothing else `is_whole`: `Schmidt, PhD` has none."""
    words = name.split()
    end = len(words)
    while end > 2 and _is_suffix(words[end - 1]):
        end -= 1
    at = max(end - 1, 1 if is_whole else 0)
    while at > 1 and words[at - 1].casefold() in _PARTICLES:
        at -= 1
    return " ".join(words[:at]), " ".join(words[at:])


def _is_suffix(text: str) -> bool:
    return _SUFFIXES.fullmatch(squeezed(text)) is not None
