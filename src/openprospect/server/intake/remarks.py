"""What a producer should know about a file beside the numbers: sentences, for the command line and the console alike."""

from collections.abc import Sequence

from openprospect.server.feed.rows.row import COMPANY_FIELDS
from openprospect.server.intake.columns import Column
from openprospect.server.intake.deliver import Tally

_MOST_COLUMNS = 5
_MOST_REASONS = 3


def remarks(tally: Tally, columns: Sequence[Column], *, title_lines: int, repeated_headings: int) -> list[str]:
    """Why most rows were rejected, what is new, who leaves or stays without being in the file, which columns say different things."""
    headings = {column.field: column.heading for column in columns}
    found = [_differing(field, headings.get(field, field), count) for field, count in tally.differing.most_common(_MOST_COLUMNS)]
    reasons = [f"{count:,} x {reason}" for reason, count in tally.reasons.most_common(_MOST_REASONS)]
    return [
        *([f"The headings are those of line {title_lines + 1}; what stands above is left out."] if title_lines else []),
        *([f"Rejected: {'; '.join(reasons)}."] if reasons else []),
        *([_new(tally.new)] if tally.new else []),
        *([_left(tally.left)] if tally.left else []),
        *([_kept(tally.kept)] if tally.kept else []),
        *([_repeated(repeated_headings)] if repeated_headings else []),
        *found,
    ]


def _repeated(rows: int) -> str:
    return "1 row is the headings again, and left out." if rows == 1 else f"{rows:,} rows are the headings again, and left out."


def _new(companies: int) -> str:
    what = "1 company is" if companies == 1 else f"{companies:,} companies are"
    return (
        f"{what} new to the feed. One that was delivered without its source_id, or without its website, is not known again by it: "
        "where that is so here, withdraw the former one."
    )


def _left(people: int) -> str:
    who = (
        "1 person of these companies is missing from the file and leaves"
        if people == 1
        else f"{people:,} people of these companies are missing from the file and leave"
    )
    return f"{who} the feed: for each company in it, a file must list everybody."


def _kept(people: int) -> str:
    who = "1 person stays" if people == 1 else f"{people:,} people stay"
    why = "although no accepted row lists them, because a rejected row may be theirs"
    return f"{who} {why}. Fix the rejected rows and deliver the file again."


def _differing(field: str, heading: str, companies: int) -> str:
    where = f"The rows of {'1 company' if companies == 1 else f'{companies:,} companies'} differ in {heading!r}: the first value counts"
    if field in COMPANY_FIELDS:
        return f"{where}."
    return f"{where} for the company, and each person keeps their own. If the column is about people, map it to prospects.{field}."
