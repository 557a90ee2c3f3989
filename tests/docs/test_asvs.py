"""docs/asvs.md has a row for each requirement of ASVS 5.0 at levels 1 and 2, and is true."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from docs.documents import links, rows, sections
from docs.evidence import is_there, named_tests
from tidy.tree import listing, text

PAGE = Path("docs/asvs.md")
SUMMARY = Path("docs/security.md")

# How many requirements of levels 1 and 2 each section has; in 5.0.0 they come before those of
# level 3. Sections without any, like 3.1 and 15.4, are left out.
COUNTS = {
    "1": {1: 2, 2: 9, 3: 11, 4: 3, 5: 2},
    "2": {1: 3, 2: 3, 3: 4, 4: 1},
    "3": {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    "4": {1: 3, 2: 1, 3: 2, 4: 4},
    "5": {1: 1, 2: 3, 3: 2, 4: 3},
    "6": {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    "7": {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    "8": {1: 2, 2: 3, 3: 1, 4: 1},
    "9": {1: 3, 2: 4},
    "10": {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3},
    "11": {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1},
    "12": {1: 3, 2: 2, 3: 4},
    "13": {1: 1, 2: 5, 3: 2, 4: 5},
    "14": {1: 2, 2: 4, 3: 3},
    "15": {1: 3, 2: 3, 3: 7},
    "16": {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    "17": {1: 1, 2: 4, 3: 2},
}
STATES = ("tested", "written", "not ours", "exception")


class Row(NamedTuple):
    """One requirement."""

    id: str
    about: str
    state: str
    why: str


TABLE = [
    Row(*cells)
    for section in sections(PAGE)
    if re.match(r"V\d+ ", section.title)
    for cells in rows(section)
]


def test_every_requirement_of_levels_1_and_2_has_its_row_in_order() -> None:
    wanted = [
        f"{chapter}.{section}.{number}"
        for chapter, counts in COUNTS.items()
        for section, count in counts.items()
        for number in range(1, count + 1)
    ]
    assert [row.id for row in TABLE] == wanted
    assert len(wanted) == 253


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_a_row_says_why_it_is_as_it_is(row: Row) -> None:
    assert row.state in STATES
    assert 1 <= len(row.about.split()) <= 8
    if row.state == "tested":
        assert named_tests(row.why)
        assert not re.sub(r"`[^`]+`(, )?", "", row.why), "a test shows it, or it is not shown"
    elif row.state == "written":
        assert re.search(r"\]\([\w.]+\.md(#[\w-]+)?\)", row.why)
    else:
        assert row.why.endswith(".")
        assert len(row.why.split()) >= 3


def test_every_test_that_is_named_is_there() -> None:
    named = named_tests(text(PAGE))
    assert len(named) > 200
    missing = {f"{path}::{name}" for path, name in named if not name or not is_there(path, name)}
    assert not missing, f"correct these in {PAGE}:{listing(sorted(missing))}"


def test_what_is_counted_is_counted_right() -> None:
    counts = Counter(row.state for row in TABLE)
    told = re.search(
        r"of (\d+), (\d+) are tested, (\d+) are written, (\d+) are not ours, (\d+) are exceptions",
        text(SUMMARY),
    )
    assert told, f"{SUMMARY} tells no counts"
    assert [int(each) for each in told.groups()] == [len(TABLE), *(counts[s] for s in STATES)]


def test_both_pages_lead_here() -> None:
    for page in (SUMMARY, Path("docs/README.md")):
        assert "asvs.md" in links(page)
