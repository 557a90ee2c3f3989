"""Reads the project's Markdown: headings, tables, fenced blocks, links, executable examples."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tidy.tree import project_files, text

RUN = "sh"  # the fence of what is run; "sh by-hand" is for people

_FENCE = re.compile(r"^(`{3,})(.*)$")
_HEADING = re.compile(r"(#{1,6}) +(.+)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`]+`")


class Block(NamedTuple):
    """A fenced block: what stands behind the fence, its text, and its line in the document."""

    language: str
    body: str
    line: int


class Section(NamedTuple):
    """A heading with everything up to the next heading, whatever the depth of that."""

    depth: int
    title: str
    body: str

    @property
    def anchor(self) -> str:
        """What a link to the heading has behind its #."""
        return re.sub(r"[^\w\- ]", "", self.title.lower()).replace(" ", "-")


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    return [path for path in project_files() if path.suffix == ".md"]


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    found, fence, body = [], None, list[str]()
    for number, line in enumerate(text(path).splitlines(), start=1):
        mark = _FENCE.match(line)
        if fence is None and mark:
            fence, body = (mark[1], mark[2].strip(), number), []
        elif fence is not None and line == fence[0]:
            found.append(Block(fence[1], "\n".join(body), fence[2]))
            fence = None
        elif fence is not None:
            body.append(line)
    assert fence is None, f"{path}:{fence} is not closed"
    return found


def prose(path: Path) -> str:
    """A document with its fenced blocks blanked out, line by line."""
    lines, fence = list[str](), None
    for line in text(path).splitlines():
        mark = _FENCE.match(line)
        inside = fence is not None or mark is not None
        if fence is None and mark:
            fence = mark[1]
        elif line == fence:
            fence = None
        lines.append("" if inside else line)
    return "\n".join(lines)


def sections(path: Path, *, whole: bool = False) -> list[Section]:
    """The sections of a document in order; `whole` keeps their fenced blocks."""
    lines = text(path).splitlines()
    starts = [
        (number, match)
        for number, line in enumerate(prose(path).splitlines())
        if (match := _HEADING.fullmatch(line))
    ]
    if not whole:
        lines = prose(path).splitlines()
    ends = [number for number, _ in starts[1:]] + [len(lines)]
    return [
        Section(len(match[1]), match[2], "\n".join(lines[number + 1 : end]))
        for (number, match), end in zip(starts, ends, strict=True)
    ]


def rows(section: Section) -> list[list[str]]:
    """The cells of the first table of a section, without its header."""
    table = list[list[str]]()
    for line in section.body.splitlines():
        if line.startswith("|"):
            table.append([cell.strip() for cell in re.split(r" \|(?= |$)", line[1:])[:-1]])
        elif table:
            break
    return table[2:]


def code(cell: str) -> str:
    """What a cell says between back quotes."""
    match = re.fullmatch(r"`([^`]+)`", cell)
    assert match, f"{cell!r} should be one word between back quotes"
    return match[1]


def codes(body: str) -> set[str]:
    """Everything between back quotes."""
    return {each.strip("`") for each in _CODE.findall(body)}


def links(path: Path) -> list[str]:
    """The targets of a document's links."""
    return _LINK.findall(_CODE.sub("", prose(path)))


class Example(NamedTuple):
    """Commands, and what they print: nothing in particular if `shown` is None."""

    commands: Block
    shown: Block | None


def examples(path: Path) -> Iterator[Example]:
    """What is to be run, in order; the block that follows the commands is what they print."""
    found = blocks(path)
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block.language == RUN:
            shows = after is not None and after.language in {"text", "json"}
            yield Example(block, after if shows else None)


# What differs from run to run, each with the name that takes its place. Instants and days from 2040
# on stand in the documents on purpose, so they stay.
_VARYING = [
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "KEY"),
    (re.compile(r'"token": ?"[\w-]{43}"'), '"token":"TOKEN"'),
    (re.compile(r"\b20[23]\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"), "INSTANT"),
    (re.compile(r"\b20[23]\d-\d\d-\d\d\b"), "DAY"),
    (re.compile(r'(?<=\nseconds  ) *[\d.]+|(?<="seconds":)[\d.]+'), "SECONDS"),
]


def settled(printed: str, language: str) -> str:
    """What was printed, without what differs from run to run; JSON without its layout."""
    for pattern, name in _VARYING:
        printed = pattern.sub(name, printed)
    if language == "json":
        return json.dumps(json.loads(printed, parse_float=str), indent=1)
    return "\n".join(line.rstrip() for line in printed.strip().splitlines())
