"""What a producer should know about a file beside the numbers: sentences, for the command line and the console alike."""

from collections.abc import Sequence

from openprospect.server.feed.rows.row import COMPANY_FIELDS
from openprospect.server.intake.columns import Column
from openprospect.server.intake.deliver import Tally

_MOST_COLUMNS = 5
_MOST_REASONS = 3


def remarks(tally: Tally, columns: Sequence[Column]) -> list[str]:
    """Why most rows were rejected, who leaves or stays without being in the file, which columns say different things of one company."""
    headings = {column.field: column.heading for column in columns}
    found = [_differing(field, headings.get(field, field), count) for field, count in tally.differing.most_common(_MOST_COLUMNS)]
    reasons = [f"{count:,} x {reason}" for reason, count in tally.reasons.most_common(_MOST_REASONS)]
    return [
        *([f"Rejected: {'; '.join(reasons)}."] if reasons else []),
        *([_left(tally.left)] if tally.left else []),
        *([_kept(tally.kept)] if tally.kept else []),
        *found,
    ]


def _left(people: int) -> str:
    who = "1 person who was at one of these companies is" if people == 1 else f"{people:,} people who were at these companies are"
    return f"{who} not in the file, and no longer served: of each company in it, a file holds all people."


def _kept(people: int) -> str:
    who = (
        "1 person whom no row names that could be delivered stays"
        if people == 1
        else f"{people:,} people whom no row names that could be delivered stay"
    )
    return f"{who} as before: a rejected row may be about them. Mend the rejected rows, and deliver the file again."


def _differing(field: str, heading: str, companies: int) -> str:
    where = f"The rows of {'1 company' if companies == 1 else f'{companies:,} companies'} differ in {heading!r}: the first value counts"
    if field in COMPANY_FIELDS:
        return f"{where}."
    return f"{where} for the company, and each person keeps their own. If the column is about people, map it to prospects.{field}."
