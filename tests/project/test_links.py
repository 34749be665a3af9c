"""Links between the repository's own pages."""

import re

import pytest

from tests.project.repository import ROOT, files_ending, text_of

PAGES = list(files_ending(".md"))
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)|(?:src|href)=\"(?P<attribute>[^\"]+)\"")


def prose_of(page):
    return _FENCE.sub("", text_of(page))


def targets_of(page):
    found = (match["target"] or match["attribute"] for match in _LINK.finditer(prose_of(page)))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors_of(page):
    headings = re.findall(r"^#+ (.*)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_of_a_page_leads_somewhere(page):
    broken = []
    for target in targets_of(page):
        path, _, anchor = target.partition("#")
        there = (ROOT / page).parent / path if path else ROOT / page
        if not there.exists() or (anchor and anchor not in anchors_of(there.relative_to(ROOT) if path else page)):
            broken.append(target)
    assert broken == []


def test_every_page_under_docs_is_reached_from_the_index():
    reached, waiting = set(), [ROOT / "docs/README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            linked = ((page.parent / target.partition("#")[0]).resolve() for target in targets_of(page.relative_to(ROOT)))
            waiting.extend(path for path in linked if path.suffix == ".md" and path.is_file())
    assert {ROOT / page for page in PAGES if page.parts[0] == "docs"} - reached == set()
