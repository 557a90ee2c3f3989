"""Functions and modules fit the eye.

What must be longer says so where it begins, `# size: the reason`: on the line of the `def`, or on a
line of its own for a module.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tidy.tree import files, listing, syntax, text

FUNCTION_LINES = 70
MODULE_LINES = 500
TEST_MODULE_LINES = 800

_WAIVER = re.compile(r"# size: (\S.*)")


class Thing(NamedTuple):
    """A function or module: its lines, how many are allowed, and the reason of its waiver."""

    where: str
    lines: int
    limit: int
    waiver: str | None

    def __str__(self) -> str:
        reason = f": {self.waiver}" if self.waiver else ""
        return f"{self.where} has {self.lines} lines of at most {self.limit}{reason}"


def test_functions_and_modules_are_short() -> None:
    long = [str(t) for t in _things() if t.lines > t.limit and t.waiver is None]
    assert not long, (
        "split these where the subject changes, or write `# size: the reason` where they begin:"
        f"{listing(long)}"
    )


def test_waivers_of_size_are_shown_and_needed(capsys: pytest.CaptureFixture[str]) -> None:
    waived = [t for t in _things() if t.waiver is not None]
    with capsys.disabled():
        for thing in waived:
            print(f"\nwaived: {thing}")  # noqa: T201 - whoever runs the checks should see them
    needless = [str(t) for t in waived if t.lines <= t.limit]
    assert not needless, f"these became short; remove `# size:` from them:{listing(needless)}"


def _things() -> Iterator[Thing]:
    for folder, limit in (
        ("src", MODULE_LINES),
        ("bench", MODULE_LINES),
        ("tests", TEST_MODULE_LINES),
    ):
        for path in files(folder):
            yield _module(path, limit)
            yield from _functions(path)


def _module(path: Path, limit: int) -> Thing:
    lines = text(path).splitlines()
    waivers = [found[1] for line in lines if (found := _WAIVER.match(line))]
    return Thing(str(path), len(lines), limit, next(iter(waivers), None))


def _functions(path: Path) -> Iterator[Thing]:
    lines = text(path).splitlines()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiver = _WAIVER.search(lines[node.lineno - 1])
            where = f"{path}:{node.lineno} {node.name}"
            yield Thing(where, _length(node), FUNCTION_LINES, waiver and waiver[1])


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, the docstring left out."""
    has_docstring = ast.get_docstring(function) is not None
    return _span(function) - (_span(function.body[0]) if has_docstring else 0)


def _span(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1
