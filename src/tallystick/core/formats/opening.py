"""From bytes to characters: a CSV as it is, in gzip or in zip, UTF-8 or UTF-16.

What a file is shows in its first bytes; its name is never asked. It is read strictly forward and to
its end, so that it may come through a pipe and a digest taken on the way is whole.
"""

import codecs
import io
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, count
from typing import BinaryIO, TextIO

from tallystick.core.errors import InvalidFile
from tallystick.core.formats.limits import FILE_LIMITS, FileLimits
from tallystick.core.formats.pieces import FileFault, Forward, Plain, inflate
from tallystick.core.formats.zipped import unzip

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"PK00")
_SPREADSHEET = b"\xd0\xcf\x11\xe0"  # what spreadsheets were before they were zip files
_OTHER_COMPRESSION = (b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"Rar!")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WITH_GZIP_HEADER = 31  # for zlib, which then checks the sum too
_HEAD = 8  # bytes that tell what a file is

ESCAPE = "tallystick-escape"  # the handler of bytes that are no characters


def open_text(binary: BinaryIO, limits: FileLimits = FILE_LIMITS) -> TextIO:
    """The characters of a CSV file: plain, gzipped or zipped, UTF-8 or, with its mark, UTF-16.

    Bytes that are no characters become lone surrogates, for the reader to find in their cell.
    Closing the text closes `binary`.
    Errors: InvalidFile if the first bytes are of no such file; FileFault from reading on, when what
    follows turns out not to be one.
    """
    plain = Plain(limits)
    source = Forward(binary)
    try:
        pieces = _unpacked(source, plain)
        head, pieces = _peeked(pieces)
    except FileFault as fault:
        raise InvalidFile((fault.at(1),), 1) from fault
    encoding = "utf-16" if head[:2] in _UTF_16 else "utf-8-sig"
    stream = io.BufferedReader(_Pieces(pieces, binary), 65_536)
    return io.TextIOWrapper(stream, encoding, errors=ESCAPE, newline="")


def _unpacked(source: Forward, plain: Plain) -> Iterator[bytes]:
    head = source.peek(_HEAD)
    if head.startswith(_GZIP):
        return _not_nested(_gunzip(source, plain))
    if head.startswith(_ZIP):
        return _not_nested(unzip(source, plain))
    if head.startswith(_SPREADSHEET):
        raise FileFault(
            "spreadsheet_file", "the file of a spreadsheet", "save it as CSV UTF-8 and send that"
        )
    if head.startswith(_OTHER_COMPRESSION):
        raise FileFault(
            "unknown_compression",
            "a compressed file that is neither gzip nor zip",
            "send the CSV as it is, in gzip or in zip",
        )
    return iter(source.read_some, b"")


def _not_nested(pieces: Iterator[bytes]) -> Iterator[bytes]:
    head, pieces = _peeked(pieces)
    if head.startswith((_GZIP, *_ZIP, *_OTHER_COMPRESSION)):
        raise FileFault(
            "nested_archive",
            "a compressed file in a compressed file",
            "compress the CSV once, or send it as it is",
        )
    return pieces


def _peeked(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and all pieces, these among them."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _HEAD:
            break
    return head[:_HEAD], chain([head] if head else [], pieces)


def _gunzip(source: Forward, plain: Plain) -> Iterator[bytes]:
    """What the members of a gzip file hold, one after the other; zeros may pad its end."""
    damaged = partial(
        FileFault,
        "damaged_gzip",
        "a compressed file that breaks off here",
        "compress the file again, or send it as it is",
    )
    for member in count(1):
        yield from inflate(_WITH_GZIP_HEADER, source, plain, damaged)
        while (rest := source.read_some()) and not rest.strip(b"\0"):
            pass
        if not rest:
            return
        source.put_back(rest.lstrip(b"\0"))
        # Millions of members that hold nothing would take hours and come to no limit.
        if source.peek(2) != _GZIP or member > 1_000 + plain.size // 1_000:
            raise damaged()


class _Pieces(io.RawIOBase):
    """A stream of pieces of bytes, none of them empty; closing it closes `under`."""

    def __init__(self, pieces: Iterable[bytes], under: BinaryIO) -> None:
        self._pieces = iter(pieces)
        self._under = under
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # the stubs say Buffer
        """Fill the buffer; how many bytes came, 0 at the end."""
        rest = self._rest or memoryview(next(self._pieces, b""))
        size = min(len(rest), len(buffer))
        buffer[:size] = rest[:size]
        self._rest = rest[size:]
        return size

    def close(self) -> None:
        """Close the file below, too."""
        if not self.closed:
            self._under.close()
        super().close()


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    """Does what surrogateescape does, also for UTF-16, and back again.

    Written back, what was no text must not become one: half a pair is written as bytes that no
    reader of UTF-8 takes.
    """
    lost = error.object[error.start : error.end]  # type: ignore[attr-defined]  # both kinds have it
    if isinstance(error, UnicodeDecodeError):
        return "".join(chr(0xDC00 + byte) for byte in lost), error.end
    assert isinstance(error, UnicodeEncodeError)
    return b"".join(map(_lost_bytes, lost)), error.end


def _lost_bytes(character: str) -> bytes:
    is_high = "\udc80" <= character <= "\udcff"
    return (
        bytes([ord(character) - 0xDC00]) if is_high else character.encode("utf-8", "surrogatepass")
    )


codecs.register_error(ESCAPE, _escape)
