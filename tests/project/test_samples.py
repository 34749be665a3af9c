"""The programs that the console and the demo hand out, word for word as the delivery page prints them."""

import pytest

from tests.project.repository import text_of


def words(text: str) -> str:
    """The page has lost its indentation and its blank lines."""
    return "\n".join(filter(None, map(str.strip, text.splitlines())))


@pytest.mark.parametrize("language", ["curl", "python", "javascript", "typescript", "csharp"])
def test_a_program_that_is_handed_out_is_the_delivery_pages(language):
    program = text_of(f"src/openprospect/server/console/samples/{language}.txt")
    assert words(program) in words(text_of("tests/acceptance/samples/delivery-integration.txt"))
