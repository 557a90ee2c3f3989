"""What a format is: everything about one kind of CSV that others need to know.

A kind of import is one module that ends in one Format; `FORMATS` lists them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TextIO, TypeVar

from tallystick.core.errors import RowProblem
from tallystick.core.formats.limits import FileLimits
from tallystick.core.programs import Program

Row = TypeVar("Row")


class Read(Protocol[Row]):
    """How the rows of a format are read."""

    def __call__(
        self, text: TextIO, *, program: Program, at: datetime, limits: FileLimits
    ) -> Iterator[tuple[list[Row], list[RowProblem]]]:
        """The good rows in batches, each with the problems of its part of the file.

        Shape: both in file order, at most some thousand at a time; the first member of a row is its
        line. `at` is when what is immediate starts.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a format: what its cells mean and a few that are right."""

    name: str
    is_needed: bool = False
    meaning: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format(Generic[Row]):
    """A kind of CSV: its name in paths and commands, its columns, a file that is right."""

    name: str
    title: str
    columns: tuple[Column, ...]
    sample: str
    read: Read[Row]
