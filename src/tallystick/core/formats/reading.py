"""The lines and records of a text: where each starts, and those that can be no record.

A record is a line, or several if a quoted cell has line breaks. Lines count as in an editor. Most
files have no quotes and no long lines for a thousand lines on end; these are split at once, and
only the others are looked at line by line.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TextIO

from tallystick.core.errors import RowProblem
from tallystick.core.formats.limits import FileLimits
from tallystick.core.formats.pieces import FileFault

BATCH = 1_000  # lines; with more, the garbage collector costs as much as the checks
QUOTES_FIX = 'quote a cell that has quotes or line breaks and double its quotes, like "a ""b"" c"'

_HELD = 131_072  # characters of a record; without a quote that ends it, reading starts anew there
_ENDLESS = 100  # times the longest line; what goes on so long is no line
_SHOWN = 1_000  # characters of a line that is too long, for its report

Row = tuple[int, list[str]]  # the line on which it starts, its cells


class Reading:
    """A text while it is read, in bounded memory."""

    def __init__(self, text: TextIO, limits: FileLimits) -> None:
        self.refused: dict[int, str] = {}  # where the records of the batch start that have no cells
        self.last_line = 0  # of the batch
        self._longest = limits.line_length_max
        self._readline = partial(text.readline, self._longest)
        self._waiting: deque[str] = deque()  # lines, and the pieces of those that are too long
        self._number = 0  # of the line that was read last
        self._record: list[str] = []  # the lines of the record at hand, as they are written
        self._size = 0  # its characters
        self._problems: list[RowProblem] = []
        self._fault: FileFault | None = None  # why there is no more to read

    def header(self) -> str:
        """The first line, as it is; nothing if it cannot be read."""
        header = self._line()
        self._add_fault()
        return header

    def batches(self, delimiter: str) -> Iterator[Iterable[Row]]:
        """The records below, some thousand at a time; those of a blank line have no cells.

        A record that cannot be taken has none either: its problem is among those to take, and
        `refused` has its text, cut if it is too long. A batch is there until the next one; it need
        not be gone through, and its last line is known.
        """
        while not self._fault:
            self._fill()
            self.refused.clear()
            if self._is_plain():
                if not self._waiting:
                    return
                rows = csv.reader(self._waiting, delimiter=delimiter, strict=True)
                self.last_line = self._number + len(self._waiting)
                yield enumerate(rows, self._number + 1)
                self._number += len(self._waiting)
                self._waiting.clear()
            else:
                batch = self._look_closely(delimiter)
                self._add_fault()
                self.last_line = self._number
                yield batch

    @property
    def next_line(self) -> int:
        """The line that would be read next."""
        return self._number + 1

    def take_problems(self) -> list[RowProblem]:
        """The problems since they were taken last."""
        taken, self._problems = self._problems, []
        return taken

    def _fill(self) -> None:
        try:
            for line in islice(iter(self._readline, ""), BATCH - len(self._waiting)):
                self._waiting.append(line)
                if len(line) >= self._longest:  # it may have no end, so see to it first
                    return
        except FileFault as fault:
            self._fault = fault

    def _is_plain(self) -> bool:
        if self._fault or max(map(len, self._waiting), default=0) >= self._longest:
            return False
        return '"' not in "".join(self._waiting)

    def _look_closely(self, delimiter: str) -> list[Row]:
        """The records of the lines that wait, the last one read to its end."""
        batch: list[Row] = []
        reader = csv.reader(iter(self._line, ""), delimiter=delimiter, strict=True)
        while self._waiting:
            start = self._number + 1
            self._record, self._size = [], 0
            try:
                row = next(reader, [])
            except csv.Error:
                row = []
                self._add(start, "broken_quotes", "quotes without a pair", QUOTES_FIX)
            if len(self._record) > 1 and self._size > self._longest and row:
                row = []
                self._add_long(start, f"{self._size} characters")
            if not row:
                self.refused[start] = "".join(self._record)
            batch.append((start, row))
        return batch

    def _line(self) -> str:
        """The next line, none at the end; one that is too long reads as empty.

        Errors: csv.Error if it belongs to a record that does not come to an end.
        """
        written = line = self._piece()
        if len(line) >= self._longest and line[-1] != "\n":
            written, line = line[:_SHOWN], self._skipped(line)
        if line:
            self._number += 1
            self._record.append(written)
            self._size += len(written)
            if self._size > _HELD:
                raise csv.Error
        return line

    def _skipped(self, piece: str) -> str:
        """What stands for a line that is too long and starts like that; nothing at the end."""
        for _ in range(_ENDLESS):
            last = piece[-1:]
            if len(piece) < self._longest or last == "\n":
                break
            piece = self._piece()
            if last == "\r":  # the line ended there; a line feed may belong to it
                if piece not in {"", "\n"}:
                    self._waiting.appendleft(piece)
                break
        else:
            found = f"a line of more than {_ENDLESS * self._longest} characters"
            self._waiting.clear()
            fix = "send a CSV file, with line breaks in it"
            self._fault = FileFault("endless_line", found, fix)
            return ""
        self._add_long(self._number + 1, f"a line of more than {self._longest} characters")
        return "\n"

    def _piece(self) -> str:
        """A line, or as much of it as may be; nothing at the end."""
        if self._waiting:
            return self._waiting.popleft()
        if self._fault:
            return ""
        try:
            return self._readline()
        except FileFault as fault:
            self._fault = fault
            return ""

    def _add_fault(self) -> None:
        if self._fault:
            self._problems.append(self._fault.at(self._number + 1))

    def _add(self, line: int, code: str, found: str, fix: str) -> None:
        self._problems.append(RowProblem(line=line, column="", code=code, found=found, fix=fix))

    def _add_long(self, line: int, found: str) -> None:
        self._add(line, "too_long", found, f"write at most {self._longest} characters")
