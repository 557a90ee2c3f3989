"""Decisions are numbered pages of one shape, listed in the index."""

import re
from pathlib import Path

import pytest

from docs.documents import links, sections
from tidy.tree import files, text

FOLDER = Path("docs/decisions")
DECISIONS = files(FOLDER, ".md")
HEADINGS = ["Context", "Decision", "Consequences", "The alternative that lost"]
PAGE = 60  # lines


def test_numbers_have_no_gap() -> None:
    assert DECISIONS
    numbers = [path.name[:5] for path in DECISIONS]
    assert numbers == [f"{number:04}-" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_the_four_parts_on_one_page(path: Path) -> None:
    title, *parts = sections(path)
    assert title.title.startswith(f"{int(path.name[:4])}. ")
    assert re.fullmatch(r"Date: \d{4}-\d{2}-\d{2}", title.body.strip())
    assert [part.title for part in parts] == HEADINGS
    assert all(part.body.strip() for part in parts)
    assert len(text(path).splitlines()) <= PAGE


def test_the_index_lists_them_by_number() -> None:
    listed = [target for target in links(Path("docs/README.md")) if "decisions/" in target]
    assert listed == [f"decisions/{path.name}" for path in DECISIONS]
