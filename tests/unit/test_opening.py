"""What a file may come in: gzip and zip of every make, and what is refused of them, in time."""

import gzip
import io
import itertools
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

import pytest

from attacks.counting import BOMBS, tried
from tallystick.core.errors import InvalidFile, RowProblem
from tallystick.core.formats.join_dates import read_join_dates
from tallystick.core.formats.limits import FileLimits
from tallystick.core.formats.opening import open_text

CSV = b"customerprofileid,newjoindate\n" + b"".join(
    f"member-{number},2026-02-14\n".encode() for number in range(5_000)
)
CSV_16 = b"\xff\xfe" + CSV.decode().encode("utf-16-le")


class Pipe(io.RawIOBase):
    """Gives bytes a few at a time and cannot go back."""

    def __init__(self, content: bytes, at_most: int = 7) -> None:
        self._content = io.BytesIO(content)
        self._at_most = at_most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(memoryview(buffer)[: self._at_most])


def read(
    source: bytes | BinaryIO,
    limits: FileLimits = FileLimits(),  # noqa: B008 - it is frozen
) -> tuple[int, list[RowProblem]]:
    binary = io.BytesIO(source) if isinstance(source, bytes) else source
    count, problems = 0, list[RowProblem]()
    try:
        with open_text(binary, limits) as text:
            for rows, found in read_join_dates(text, limits=limits):
                count += len(rows)
                problems += found
    except InvalidFile as refused:
        problems += refused.problems
    return count, problems


def codes(problems: list[RowProblem]) -> list[str]:
    return [problem.code for problem in problems]


def zipped(
    *entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, streamed: bool = False
) -> bytes:
    file = io.BytesIO()
    into = cast("Any", Unseekable(file) if streamed else file)
    with zipfile.ZipFile(into, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def zip_64(content: bytes) -> bytes:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(cast("Any", Unseekable(file)), "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("points.csv", "w", force_zip64=True) as entry,
    ):
        entry.write(content)
    return file.getvalue()


class Unseekable:
    """Somewhere to write that cannot go back, so that sums stand behind the content."""

    def __init__(self, file: io.BytesIO) -> None:
        self.write = file.write
        self.flush = file.flush


LITTER = [
    ("exports/", b""),
    ("__MACOSX/._points.csv", b"\0\5\x16\7"),
    ("exports/.DS_Store", b"x"),
    ("._points.csv", b"x"),
]


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV_16,
        gzip.compress(CSV),
        gzip.compress(CSV[:90_000]) + gzip.compress(CSV[90_000:]),
        gzip.compress(CSV) + bytes(700),
        gzip.compress(CSV_16),
        zipped(("points.csv", CSV)),
        zipped(("points.csv", CSV_16)),
        zipped(("points.csv", CSV), method=zipfile.ZIP_STORED),
        zipped(("points.csv", CSV), streamed=True),
        zip_64(CSV),
        zipped(LITTER[0], ("exports/pünkte", CSV), *LITTER[1:]),
        zipped(*LITTER, ("points.csv", CSV)),
    ],
)
@pytest.mark.parametrize("source", [bytes, Pipe])
def test_a_file_is_known_by_its_content(content: bytes, source: Any) -> None:
    assert read(source(content)) == (5_000, [])


def encrypted(whole: bytes) -> bytes:
    return whole[:6] + b"\1" + whole[7:]


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("encrypted_zip", encrypted(zipped(("points.csv", CSV)))),
        ("empty_zip", zipped()),
        ("empty_zip", zipped(*LITTER)),
        ("several_files", zipped(*((f"._{number}", b"") for number in range(1_001)))),
        ("nested_archive", zipped(("points.zip", zipped(("points.csv", CSV))))),
        ("nested_archive", zipped(("points.csv.gz", gzip.compress(CSV)))),
        ("nested_archive", gzip.compress(gzip.compress(CSV))),
        ("nested_archive", gzip.compress(zipped(("points.csv", CSV)))),
        ("unsupported_zip", zipped(("points.csv", CSV), method=zipfile.ZIP_LZMA)),
        ("unsupported_zip", zipped(("a.csv", CSV), method=zipfile.ZIP_STORED, streamed=True)),
        ("spreadsheet_file", zipped(("[Content_Types].xml", b"<"), ("xl/workbook.xml", b"<"))),
        ("spreadsheet_file", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)),
        ("unknown_compression", b"\x28\xb5\x2f\xfd" + bytes(100)),
        ("damaged_zip", b"PK\x03\x04\x14\x00\x06\x00"),
        ("damaged_zip", b"PK\x07\x08" + zipped(("points.csv", CSV))),
        ("damaged_gzip", gzip.compress(CSV, mtime=0)[:5]),
    ],
)
def test_a_file_that_is_no_csv_is_refused_with_its_cure(code: str, content: bytes) -> None:
    count, [problem] = read(content)
    assert (count, problem.line, problem.column, problem.code) == (0, 1, "", code)


def test_a_second_file_in_a_zip_is_refused_by_name() -> None:
    _, problems = read(zipped(("may.csv", CSV), ("june.csv", CSV)))
    assert codes(problems) == ["several_files"]
    assert problems[0].found == "'may.csv' and 'june.csv' in one zip file"


def shorter(whole: bytes) -> bytes:
    return whole[:-10]


def halved(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def with_another_sum(whole: bytes) -> bytes:
    return whole[:14] + b"\0\0\0\0" + whole[18:]


def with_another_count(whole: bytes) -> bytes:
    return whole[:-12] + b"\2\0" + whole[-10:]


@pytest.mark.parametrize("damage", [shorter, halved, with_another_sum, with_another_count])
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_zip_file_is_whole_or_refused(damage: Callable[[bytes], bytes], method: int) -> None:
    _, problems = read(damage(zipped(("points.csv", CSV), method=method)))
    assert "damaged_zip" in codes(problems)


def test_a_zip_file_is_read_to_its_end() -> None:
    source = io.BytesIO(zipped(("points.csv", CSV)) + b"a comment" * 3_000)
    text = open_text(source)
    assert len(text.read()) == len(CSV)
    assert source.read() == b""


def bomb(start: bytes, filler: bytes, wbits: int) -> Iterator[bytes]:
    """A deflated header, then `filler` without end; each piece holds a megabyte."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, wbits)
    yield deflater.compress(start)
    for _ in itertools.repeat(None):
        yield deflater.compress(filler * (1_000_000 // len(filler)))
        yield deflater.flush(zlib.Z_SYNC_FLUSH)


class Endless(io.RawIOBase):
    """Bytes that never end, and how many were asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.count = 0
        self._pieces = itertools.chain.from_iterable(pieces)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = bytes(itertools.islice(self._pieces, len(buffer)))
        buffer[: len(piece)] = piece
        self.count += len(piece)
        return len(piece)


ZIP_HEADER = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 8, 8, 0, 0, 0, 0, 0, 5, 0) + b"a.csv"
BLANK = b" " * 9_000 + b"\n"
START = b"customerprofileid,newjoindate\n"


@pytest.mark.parametrize(
    ("code", "filler", "limits"),
    [
        ("compressed_too_well", BLANK, FileLimits()),
        ("file_too_large", BLANK, FileLimits(plain_bytes_max=10_000_000)),
        ("too_many_rows", b"a,2026-02-14\n", FileLimits(rows_max=20_000)),
        ("endless_line", b"x", FileLimits()),
    ],
)
@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_a_bomb_does_no_harm(kind: str, code: str, filler: bytes, limits: FileLimits) -> None:
    pieces = bomb(START, filler, 31 if kind == "gzip" else -15)
    source = Endless(itertools.chain([ZIP_HEADER] if kind == "zip" else [], pieces))
    count, problems = read(cast("BinaryIO", source), limits)
    tried(BOMBS, refused=True)
    assert codes(problems)[-1] == code
    assert count <= 20_000
    assert source.count < 1_000_000


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("endless_line", itertools.repeat(b"x" * 1_000)),
        ("endless_line", itertools.chain([START, b'ann,"'], itertools.repeat(b"x" * 1_000))),
        ("endless_line", itertools.chain([START], itertools.repeat(b",x" * 1_000))),
    ],
)
def test_a_line_without_an_end_is_given_up_early(code: str, content: Iterator[bytes]) -> None:
    source = Endless(iter(content))
    _, problems = read(cast("BinaryIO", source))
    tried(BOMBS, refused=True)
    assert codes(problems)[-1] == code
    assert source.count < 3_000_000


@pytest.mark.parametrize(
    "piece", [b'"x\n","', b"x\n" * 1_000, b"\n" * 1_000, b'"' * 999, b"x" * 20_000 + b"\n"]
)
def test_a_record_without_an_end_takes_bounded_memory(piece: bytes) -> None:
    source = Endless(
        itertools.chain([START, b'ann,"'], itertools.repeat(piece, 600_000 // len(piece)))
    )
    tracemalloc.start()
    try:
        _, problems = read_and_forget(cast("BinaryIO", source))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    tried(BOMBS, refused=True)
    assert problems
    assert peak < 6_000_000  # the lines alone would take 15


def read_and_forget(binary: BinaryIO) -> tuple[int, int]:
    rows = problems = 0
    with open_text(binary) as text:
        for some, found in read_join_dates(text):
            rows += len(some)
            problems += len(found)
    return rows, problems


@pytest.mark.parametrize("member", [b"\x1f\x8b", gzip.compress(b"", mtime=0)])
def test_gzip_members_that_hold_nothing_come_to_an_end(member: bytes) -> None:
    source = Endless(itertools.chain([gzip.compress(START)], itertools.repeat(member)))
    _, problems = read(cast("BinaryIO", source))
    assert codes(problems) == ["damaged_gzip"]
