"""Compressed files that are small when they are sent and are meant to be large when they are read.

Over HTTP and on the page: each is refused by its name, in bounded memory, and the server goes on.
"""

import gzip
import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest

from api.harness import Api, program_path
from attacks.browsing import browser_of
from attacks.counting import BOMBS, tried
from services.harness import new_name
from web.import_files import at_rest, told

HEADER = b"customerprofileid,amount\n"
ROW = b"ann,1\n"
MEGABYTE = 1_000_000
MEMORY_MAX = 50 * MEGABYTE  # what most of them would be is more


def deflated(megabytes: int, filler: bytes, wbits: int) -> bytes:
    """So many megabytes of filler after a header, in a few kilobytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    piece = filler * (MEGABYTE // len(filler))
    packed = [packer.compress(HEADER)] + [packer.compress(piece) for _ in range(megabytes)]
    return b"".join(packed) + packer.flush()


def zip_of(*members: tuple[str, bytes]) -> bytes:
    """A zip file of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def lying() -> bytes:
    """A zip file whose member says that it is as short as its header, and is not."""
    raw = deflated(80, b" " * 9_000 + b"\n", -15)
    head = struct.pack(
        "<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, zlib.crc32(HEADER), len(raw), len(HEADER), 5, 0
    )
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, zlib.crc32(HEADER), len(raw), len(HEADER),
        5, 0, 0, 0, 0, 0, 0,
    )  # fmt: skip
    start = len(head) + 5 + len(raw)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry) + 5, start, 0)
    return head + b"a.csv" + raw + entry + b"a.csv" + end


def overlapping() -> bytes:
    """A zip file whose directory names one member a thousand times."""
    whole = zip_of(("a.csv", HEADER + ROW))
    start = whole.index(b"PK\1\2")
    entry = whole[start : whole.index(b"PK\5\6")]
    count = 1_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(entry) * count, start, 0)
    return whole[:start] + entry * count + end


def quine() -> bytes:
    """A gzip file that holds a gzip file as deep as anybody cares to look."""
    packed = HEADER
    for _ in range(200):
        packed = gzip.compress(packed, mtime=0)
    return packed


BLANK = b" " * 9_000 + b"\n"
MAKERS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a gzip file that is packed too well": (
        "compressed_too_well", lambda: deflated(80, BLANK, 31)),
    "many gzip files in a row": (
        "compressed_too_well", lambda: deflated(8, BLANK, 31) * 10),
    "gzip in gzip": ("nested_archive", lambda: gzip.compress(deflated(50, BLANK, 31))),
    "gzip within gzip, and so on": ("nested_archive", quine),
    "a zip file that is packed too well": (
        "compressed_too_well", lambda: zip_of(("a.csv", HEADER + BLANK * 8_000))),
    "a zip file that lies about its size": ("compressed_too_well", lying),
    "zip in zip": ("nested_archive", lambda: zip_of(("a.zip", zip_of(("a.csv", HEADER + ROW))))),
    "many files": (
        "several_files", lambda: zip_of(*((f"{n}.csv", HEADER + ROW) for n in range(2_000)))),
    "much litter": (
        "several_files", lambda: zip_of(*((f"__MACOSX/{n}", BLANK) for n in range(2_000)))),
    "one member by a thousand names": ("damaged_zip", overlapping),
    "litter that is packed too well": (
        "compressed_too_well", lambda: zip_of(("__MACOSX/x", b" " * 100 * MEGABYTE))),
    "a line without an end": ("endless_line", lambda: gzip.compress(HEADER + b"x" * MEGABYTE * 2)),
    "a spreadsheet": ("spreadsheet_file", lambda: zip_of(("xl/workbook.xml", BLANK * 1_000))),
}  # fmt: skip


@pytest.mark.parametrize("what", MAKERS)
async def test_a_bomb_is_refused_by_its_name_in_little_memory(
    api: Api, admin_token: str, what: str
) -> None:
    code, make = MAKERS[what]
    bomb = make()
    assert len(bomb) < 2 * MEGABYTE
    program = await api.program(name=new_name("program"))
    path = program_path(program)
    browser = browser_of(api.app, admin_token)
    tracemalloc.start()
    try:
        at_once = await api.manager.post(f"{path}/import_points", files={"upFile": bomb})
        by_page = await browser.post(
            f"/programs/{program.id}/imports/new", files={"upFile": ("a.zip", bomb)}
        )
        import_id = await at_rest(api, program, int(by_page.headers["Location"].rpartition("/")[2]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    tried(BOMBS, refused=True, inputs=2)
    assert at_once.status_code == 400
    assert code in at_once.text, at_once.text
    assert f"'{code}'" in str(await told(api, program, import_id))
    assert peak < MEMORY_MAX
    balances = await api.manager.get(f"{path}/export_customer_balances")
    assert len(balances.text.splitlines()) == 1  # nothing of it was imported
