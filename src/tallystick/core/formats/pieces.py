"""Bytes read forward, and what compressed ones hold: in bounded memory, none without a limit."""

import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from tallystick.core.errors import RowProblem
from tallystick.core.formats.limits import FileLimits

PIECE = 65_536  # bytes
_NOTICED = 64 << 20  # bytes; a smaller file hurts nobody, however well it is compressed


class FileFault(Exception):  # noqa: N818 - it becomes a problem of the line that was reached
    """Why a file cannot be read on: the code, the finding and the cure of a RowProblem."""

    def __init__(self, code: str, found: str, fix: str) -> None:
        super().__init__(code, found, fix)
        self.code = code
        self.found = found
        self.fix = fix

    def at(self, line: int) -> RowProblem:
        """The problem that it is where `line` was to be read."""
        return RowProblem(line=line, column="", code=self.code, found=self.found, fix=self.fix)


class Forward:
    """A stream that is read forward only, with as much looking ahead as was asked for."""

    def __init__(self, binary: BinaryIO) -> None:
        self.count = 0  # bytes read of the stream
        self._binary = binary
        self._held = b""

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer only at the end; they stay to be read."""
        while len(self._held) < size and (piece := self._fresh()):
            self._held += piece
        return self._held[:size]

    def take(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        taken = self.peek(size)
        self._held = self._held[size:]
        return taken

    def read_some(self, at_most: int = PIECE) -> bytes:
        """Some bytes, none only at the end."""
        held = self._held or self._fresh()
        self._held = held[at_most:]
        return held[:at_most]

    def put_back(self, unread: bytes) -> None:
        """Let these bytes be the next."""
        self._held = unread + self._held

    def _fresh(self) -> bytes:
        piece = self._binary.read(PIECE)
        self.count += len(piece)
        return piece


class Plain:
    """How many bytes a compressed file has held so far, as measured against its limits."""

    def __init__(self, limits: FileLimits) -> None:
        self.size = 0
        self._limits = limits

    def add(self, size: int, packed_size: int) -> None:
        """Note bytes that come out. Errors: FileFault if they are too many."""
        self.size += size
        if self.size > self._limits.plain_bytes_max:
            raise FileFault(
                "file_too_large",
                f"a compressed file that holds more than {self._limits.plain_bytes_max:,} bytes",
                "split the file",
            )
        if self.size > max(_NOTICED, self._limits.ratio_max * packed_size):
            raise FileFault(
                "compressed_too_well",
                f"a compressed file that holds more than {self._limits.ratio_max} times its size",
                "send the CSV as it is",
            )


def inflate(
    wbits: int, source: Forward, plain: Plain, damaged: Callable[[], FileFault]
) -> Iterator[bytes]:
    """What one deflated stream holds; `source` then stands behind it. `wbits` as zlib has it.

    Errors: what `damaged` makes, if the stream breaks off or is none.
    """
    inflater = zlib.decompressobj(wbits)
    while not inflater.eof:
        packed = inflater.unconsumed_tail or source.read_some()
        try:
            piece = inflater.decompress(packed, PIECE)
        except zlib.error as error:
            raise damaged() from error
        if piece:
            plain.add(len(piece), source.count)
            yield piece
        elif not packed:
            raise damaged()
    source.put_back(inflater.unused_data)
