"""The glossary has each word once, in order, with a link to where it is at home."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from docs.documents import Section, links, sections
from tidy.tree import text

GLOSSARY = Path("docs/glossary.md")
SECTIONS = sections(GLOSSARY)
WORDS = [section for section in SECTIONS if section.depth == 3]
_HOME = re.compile(r"^\[([\w.]+)\]\(\.\./([\w/.]+/([\w.]+))\)$", re.MULTILINE)


def test_words_are_there_once() -> None:
    titles = [word.title for word in WORDS]
    assert titles
    assert len(set(titles)) == len(titles)


def test_words_stand_in_order_within_their_group() -> None:
    neighbours = [(a.title, b.title) for a, b in pairwise(SECTIONS) if a.depth == b.depth == 3]
    assert [pair for pair in neighbours if pair != tuple(sorted(pair))] == []


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.title)
def test_a_word_is_used_where_it_is_at_home(word: Section) -> None:
    homes = _HOME.findall(word.body)
    assert len(homes) == 1, "each word has one link, on a line of its own"
    ((name, path, end),) = homes
    assert name == end
    spelled = re.sub(r"[ _]", "[ _\n-]*", word.title)
    assert re.search(spelled, text(Path(path)), re.IGNORECASE), f"{path} does not say {word.title}"


def test_the_glossary_is_linked() -> None:
    for path in (Path("README.md"), Path("ARCHITECTURE.md"), Path("docs/README.md")):
        assert any("glossary.md" in target for target in links(path)), path
