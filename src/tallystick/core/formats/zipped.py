"""The one CSV in a zip file, read forward.

Each entry of a zip file has a header in front of it and stands in a directory at the end. Here the
headers are read, and the end is only looked at to see that the file is whole and both agree.
Whatever could be read in two ways is refused. Source: the .ZIP File Format Specification 6.3.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from struct import Struct

from tallystick.core.errors import shown
from tallystick.core.formats.pieces import PIECE, FileFault, Forward, Plain, inflate

_ENTRY = b"PK\x03\x04"
_DESCRIPTOR = b"PK\x07\x08"
_DIRECTORY = b"PK\x01\x02"
_END = b"PK\x05\x06"
_HEADER = Struct("<4s5H3I2H")  # of an entry, its name and its extra fields behind it
_FIELD = Struct("<2H")  # an extra field: its number and its length
_DESCRIPTORS = (Struct("<3I"), Struct("<I2Q"))  # sum and sizes
_END_SIZE = 22 + 65_535  # with the longest comment

_ENCRYPTED, _DESCRIBED, _UTF_8 = 1 << 0, 1 << 3, 1 << 11  # flags of an entry
_STORED, _DEFLATED = 0, 8  # methods
_ZIP_64 = 1  # the number of an extra field, and what refers to it or to its kin
_ELSEWHERE, _MANY = 0xFFFF_FFFF, 0xFFFF
_WITHOUT_HEADER = -15  # for zlib

_LITTER = {".ds_store", "thumbs.db", "desktop.ini"}
_ENTRIES_MAX = 1_000  # the litter of one CSV is not as much
_SPREADSHEET = ("[Content_Types].xml", "mimetype", "_rels/", "xl/")

_damaged = partial(
    FileFault,
    "damaged_zip",
    "a zip file that breaks off here or contradicts itself",
    "zip the CSV again, or send it as it is",
)
_unsupported = partial(FileFault, "unsupported_zip", fix="zip the CSV anew, or use gzip")


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    flags: int
    method: int
    crc: int
    size: int

    def is_litter(self) -> bool:
        """Whether nobody put it there: a folder, or what systems leave behind."""
        name = PurePosixPath(self.name).name.lower()
        return (
            self.name.endswith("/")
            or self.name.startswith("__MACOSX/")
            or name.startswith("._")
            or name in _LITTER
        )


def unzip(source: Forward, plain: Plain) -> Iterator[bytes]:
    """What the only entry holds that is no litter.

    Errors: FileFault if there is none or another one, or none that can be read.
    """
    found: str | None = None
    entries = 0
    while source.peek(4) == _ENTRY:
        entry = _entry(source)
        entries += 1
        if entries > _ENTRIES_MAX:
            raise _several(f"more than {_ENTRIES_MAX:,} entries")
        if entry.is_litter():
            for _ in _content(entry, source, plain):
                pass
            continue
        _refuse_others(entry, found)
        found = entry.name
        yield from _content(entry, source, plain)
    _read_end(source, entries)
    if found is None:
        raise FileFault("empty_zip", "a zip file without a file in it", "put the CSV into it")


def _entry(source: Forward) -> _Entry:
    header = source.take(_HEADER.size)
    if len(header) < _HEADER.size:
        raise _damaged()
    _, _, flags, method, _, _, crc, _, size, name_size, extra_size = _HEADER.unpack(header)
    name, extra = source.take(name_size), source.take(extra_size)
    if size == _ELSEWHERE:
        size = _size_of_zip_64(extra)
    text = name.decode("utf-8" if flags & _UTF_8 else "cp437", "replace")
    return _Entry(text, flags, method, crc, size)


def _size_of_zip_64(extra: bytes) -> int:
    while len(extra) >= 4:
        number, length = _FIELD.unpack_from(extra)
        if number == _ZIP_64 and min(length, len(extra) - 4) >= 8:
            return int.from_bytes(extra[4:12], "little")
        extra = extra[4 + length :]
    return _ELSEWHERE


def _refuse_others(entry: _Entry, found: str | None) -> None:
    if entry.name.startswith(_SPREADSHEET):
        raise FileFault(
            "spreadsheet_file", "the file of a spreadsheet", "save it as CSV UTF-8 and send that"
        )
    if found is not None:
        raise _several(f"{shown(found)} and {shown(entry.name)} in one zip file")


def _several(found: str) -> FileFault:
    return FileFault("several_files", found, "zip one CSV, and nothing else with it")


def _content(entry: _Entry, source: Forward, plain: Plain) -> Iterator[bytes]:
    """What an entry holds, checked against its sum and its size, which may stand behind it."""
    if entry.flags & _ENCRYPTED:
        fix = "zip the CSV without a password, or send it as it is"
        raise FileFault("encrypted_zip", "a zip file with a password", fix)
    if entry.method == _DEFLATED:
        pieces = inflate(_WITHOUT_HEADER, source, plain, _damaged)
    elif entry.method != _STORED:
        raise _unsupported(found=f"a zip file of the method {entry.method}")
    elif entry.flags & _DESCRIBED and not entry.size and not entry.name.endswith("/"):
        raise _unsupported(found="a zip file that does not say where its content ends")
    else:
        pieces = _stored(entry.size, source, plain)
    crc = size = 0
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        yield piece
    if entry.flags & _DESCRIBED:
        _read_descriptor(source, crc, size, is_needed=entry.method == _DEFLATED)
    elif (crc, size) != (entry.crc, entry.size):
        raise _damaged()


def _stored(size: int, source: Forward, plain: Plain) -> Iterator[bytes]:
    while size:
        piece = source.read_some(min(size, PIECE))
        if not piece:
            raise _damaged()
        size -= len(piece)
        plain.add(len(piece), source.count)
        yield piece


def _read_descriptor(source: Forward, crc: int, size: int, *, is_needed: bool) -> None:
    """Sum and sizes behind an entry; their width is not told, nor need a signature be there."""
    if source.peek(4) == _DESCRIPTOR:
        source.take(4)
    elif not is_needed:
        return
    for shape in _DESCRIPTORS:
        described = source.peek(shape.size + 2)
        if len(described) == shape.size + 2 and described[-2:] == b"PK":
            told_crc, _, told_size = shape.unpack_from(described)
            if (told_crc, told_size) == (crc, size):
                source.take(shape.size)
                return
    raise _damaged()


def _read_end(source: Forward, entries: int) -> None:
    """The rest of the file, which has to end as a zip file of so many entries does."""
    if source.peek(4) not in {_DIRECTORY, _END}:
        raise _damaged()
    tail = b""
    while piece := source.read_some():
        tail = (tail + piece)[-_END_SIZE:]
    start = tail.rfind(_END)
    told = int.from_bytes(tail[start + 10 : start + 12], "little")
    if start < 0 or len(tail) - start < 22 or told not in {entries, _MANY}:
        raise _damaged()
