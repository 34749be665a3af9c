"""What a run writes: every goal with what was measured, met or not, and nothing of the page around it."""

import pytest

from bench.model import Figure, Goal, Outcome, Record, Size
from bench.report import BEGIN, END, markdown, number, write_page
from bench.suites import SUITES


def record(**outcome):
    return Record(
        suite=next(iter(SUITES)),
        title="A suite",
        taken_at="2026-01-01T00:00:00+00:00",
        seconds=1.0,
        commit="abc",
        machine={"cores": "2"},
        versions={"python": "3.11"},
        size=Size(),
        outcome=Outcome(setting="So much.", **outcome),
    )


@pytest.mark.parametrize(
    ("measured", "bounds", "is_met"),
    [
        (2.0, {"at_least": 2.0}, True),
        (1.99, {"at_least": 2.0}, False),
        (1.15, {"at_most": 1.15}, True),
        (1.16, {"at_most": 1.15}, False),
    ],
)
def test_a_goal_is_met_at_its_bound_and_not_beyond(measured, bounds, is_met):
    assert Goal(name="ratio", measured=measured, **bounds).is_met == is_met


def test_a_missed_goal_is_printed_beside_what_was_measured():
    text = markdown(record(goals=[Goal(name="ratio", measured=0.5, at_least=25)]), pictures=".")
    assert "| ratio | **0.5** | ≥ 25 | not met |" in text


def test_figures_with_different_values_share_a_table():
    figures = [Figure(case="a", subject="x", values={"requests/s": 1234.5}), Figure(case="b", subject="y", values={"p50 ms": 0.012})]
    text = markdown(record(figures=figures), pictures=".")
    assert "| a | x | 1,234 |  |" in text
    assert "| b | y |  | 0.012 |" in text


@pytest.mark.parametrize(("value", "text"), [(0.0123, "0.0123"), (0.5, "0.5"), (12.34, "12.3"), (1234.5, "1,234"), (0, "0")])
def test_a_number_keeps_three_digits(value, text):
    assert number(value) == text


def test_new_results_take_the_place_of_old_ones_and_leave_the_page_around_them(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n", encoding="utf-8")
    for _ in range(2):
        write_page(page, [record()], pictures=".")
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"before\n\n{BEGIN}\n\n### A suite\n")
        assert text.endswith(f"{END}\n\nafter\n")
        assert "old" not in text


def test_a_page_without_its_marks_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(SystemExit, match="needs the lines"):
        write_page(page, [record()], pictures=".")
