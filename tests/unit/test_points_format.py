"""The CSV of point imports: each file of `formats/` stands beside what is read from it.

`python tests/unit/test_points_format.py` writes the expected files anew; review the difference.
"""

import codecs
import csv
import gzip
import io
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.errors import InvalidFile, RowProblem
from tallystick.core.formats import points
from tallystick.core.formats.limits import FileLimits
from tallystick.core.formats.opening import open_text
from tallystick.core.formats.points import COLUMNS, SAMPLE, PointRow, read_points
from tallystick.core.formats.reading import BATCH
from tallystick.core.ids import ProgramId
from tallystick.core.points import LARGEST, render_points
from tallystick.core.programs import Program, ProgramSettings
from tallystick.core.validity import NEVER, Window, render_instant

FOLDER = Path(__file__).parent / "formats"
FILES = sorted(FOLDER.glob("*.csv"))
AT = datetime(2026, 12, 1, 12, tzinfo=UTC)

HEADER = "customerprofileid,amount,reason\n"
LENGTH_MAX = FileLimits().line_length_max


def program(*, allow_subledger: bool = True) -> Program:
    settings = ProgramSettings(
        name="club", timezone="America/New_York", allow_subledger=allow_subledger
    )
    return Program(id=ProgramId(3), created_at=AT, settings=settings)


def read(
    source: str | bytes, *, in_program: Program | None = None
) -> tuple[list[PointRow], list[RowProblem]]:
    content = source if isinstance(source, bytes) else source.encode()
    rows: list[PointRow] = []
    problems: list[RowProblem] = []
    with open_text(io.BytesIO(content)) as text:
        for some, wrong in read_points(text, program=in_program or program(), at=AT):
            rows += some
            problems += wrong
    return rows, problems


def csv_of(rows: Iterable[Iterable[str]], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def places(problems: Iterable[RowProblem]) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.code) for problem in problems]


def essence(rows: Iterable[PointRow]) -> list[tuple[str, int, str]]:
    return [(integration_id, amount, reason) for _, integration_id, amount, _, _, reason in rows]


def written(window: Window) -> str:
    start = "immediate" if window.shown_start_at is None else instant(window.shown_start_at)
    validity = f" {window.validity}" if window.validity else ""
    return f"{start} to {instant(window.shown_expires_at)}{validity}"


def instant(at: datetime) -> str:
    return "never" if at == NEVER else render_instant(at)


def outcome(path: Path) -> str:
    """What is read from a file: a line for each row and each problem, in file order."""
    rows, problems = read(path.read_bytes())
    lines = [(problem.line, f"{problem.code}: {problem}") for problem in problems]
    for line, integration_id, amount, window, subledger, reason in rows:
        wallet = f" in {subledger}" if subledger else ""
        text = f"{integration_id}{wallet}: {render_points(amount)}, {written(window)}, {reason!r}"
        lines.append((line, f"line {line}, {text}"))
    return "".join(f"{text}\n" for _, text in sorted(lines, key=lambda line: line[0]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_read_as_expected(path: Path) -> None:
    assert path.with_suffix(".expected").read_text("utf-8") == outcome(path)


def test_the_sample_is_valid_in_every_program() -> None:
    rows, problems = read(SAMPLE, in_program=program(allow_subledger=False))
    assert not problems
    assert set(SAMPLE.splitlines()[0].split(",")) == set(COLUMNS)
    assert [amount for _, _, amount, *_ in rows] == [25_050, 4_000, 525]


def test_a_subledger_is_refused_where_the_program_has_none() -> None:
    text = "customerprofileid,amount,subledgerid\nann,5,\nann,5,store-7\n"
    rows, problems = read(text, in_program=program(allow_subledger=False))
    assert essence(rows) == [("ann", 500, "")]
    assert places(problems) == [(3, "subledgerid", "subledger_not_allowed")]


@pytest.mark.parametrize(
    ("column", "longest"),
    [("customerprofileid", 1000), ("subledgerid", 64), ("reason", 255)],
)
@pytest.mark.parametrize("character", ["x", "ü", "€"])
def test_a_text_is_at_most_so_long(column: str, longest: int, character: str) -> None:
    header = ("customerprofileid", "amount", "subledgerid", "reason")
    fitting = {"customerprofileid": "ann", "amount": "5", column: character * longest}
    long = {**fitting, column: character * (longest + 1)}
    text = csv_of([header, *([row.get(name, "") for name in header] for row in (fitting, long))])
    rows, problems = read(text)
    assert [line for line, *_ in rows] == [2]
    assert [(3, column, "too_long")] == places(problems)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
def test_encodings_and_line_ends_make_no_difference(
    encoding: str, mark: bytes, compress: Any, ends: str
) -> None:
    text = f"{HEADER}ann,250.50,Grüße\nbob,40,€ 🎁\n".replace("\n", ends)
    rows, problems = read(compress(mark + text.encode(encoding)))
    assert not problems
    assert essence(rows) == [("ann", 25_050, "Grüße"), ("bob", 4_000, "€ 🎁")]


def test_the_last_line_needs_no_end() -> None:
    assert essence(read(HEADER + "ann,5,x")[0]) == [("ann", 500, "x")]


@pytest.mark.parametrize(
    ("line", "column", "content"),
    [
        (3, "reason", f"{HEADER}ann,5,a\nbob,5,Grüße\ncid,5,c\n".encode("cp1252")),
        (3, "customerprofileid", f"{HEADER}ann,5,a\nzoë,5,\ncid,5,c\n".encode("cp1252")),
        (3, "amount", f"{HEADER}ann,5,a\nbob,5€,\ncid,5,c\n".encode("cp1252")),
        (3, "reason", f"{HEADER}ann,5,a\n".encode() + b"bob,5,\xed\xa0\x80\ncid,5,c\n"),
        (
            3,
            "reason",
            f"{HEADER}ann,5,a\nbob,5,".encode("utf-16")
            + b"\x00\xd8"  # half of a pair
            + "\ncid,5,c\n".encode("utf-16-le"),
        ),
    ],
)
def test_bytes_that_are_no_text_are_found_in_their_cell(
    line: int, column: str, content: bytes
) -> None:
    rows, problems = read(content)
    assert [(line, column, "not_text")] == places(problems)
    assert [integration_id for integration_id, _, _ in essence(rows)] == ["ann", "cid"]


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}ann,5,a".encode("utf-16") + b"\x00",
        f"{HEADER}ann,5,a".encode() + b"\xc3",
    ],
)
def test_a_character_that_breaks_off_at_the_end_is_found(content: bytes) -> None:
    assert places(read(content)[1]) == [(2, "reason", "not_text")]


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("no_header", b""),
        ("no_header", b"\n" + HEADER.encode()),
        ("no_header", b" \n"),
        ("no_header", codecs.BOM_UTF16_LE),
        ("not_text", HEADER.encode("utf-16-le")),
        ("not_text", b"customerprofileid,am\xe9ount\n"),
        ("broken_quotes", b'"customerprofileid,amount\nann,5\n'),
        ("broken_quotes", b'"customerprofileid"x,amount\nann,5\n'),
        ("too_long", HEADER.encode().strip() + b"," * LENGTH_MAX),
    ],
)
def test_a_first_line_that_is_no_header_stops_the_reading(code: str, content: bytes) -> None:
    rows, problems = read(content)
    assert not rows
    assert [(1, "", code)] == places(problems)


@pytest.mark.parametrize(
    ("expected", "header"),
    [
        ([(1, "customerprofileid", "missing_column")], "amount,reason"),
        ([(1, "amount", "missing_column")], "customerprofileid"),
        ([(1, "amount", "missing_column")], "customerprofileid;reason"),
        ([(1, "", "unknown_column")], "customerprofileid,amount,note"),
        ([(1, "", "unknown_column")], "customerprofileid,amount,"),
        ([(1, "amount", "duplicate_column")], "customerprofileid,amount, AMOUNT"),
        (
            [(1, "validityDuration", "duplicate_column")],
            "customerprofileid\tamount\tvalidityduration\tValidityDuration",
        ),
    ],
)
def test_a_header_names_each_column_once(expected: list[tuple[int, str, str]], header: str) -> None:
    rows, problems = read(f"{header}\nann,5,x\n")
    assert not rows
    assert expected == places(problems)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=repr)
@pytest.mark.parametrize("order", [COLUMNS, COLUMNS[::-1], COLUMNS[1:3] + COLUMNS[:1]])
@pytest.mark.parametrize("case", [str.upper, str.lower, str.title, lambda name: f"  {name} "])
def test_columns_have_any_order_case_and_delimiter(
    delimiter: str, order: tuple[str, ...], case: Any
) -> None:
    cells = {"customerprofileid": "ann", "amount": "5", "startdate": "on_action"}
    row = delimiter.join(cells.get(column, "") for column in order)
    rows, problems = read(f"{delimiter.join(map(case, order))}\n{row}\n")
    assert not problems
    assert [(member, window.start_at) for _, member, _, window, *_ in rows] == [("ann", NEVER)]


@pytest.mark.parametrize(
    ("rows", "problems", "body"),
    [
        ([2, 3], [], 'ann,5,x\nann,5,"say ""hi"""\n'),
        ([2, 4], [], "ann,5,x\n\nann,5,x\n"),
        ([2, 5], [(3, "reason", "control_character")], 'ann,5,x\nann,5,"a\nb"\nann,5,x\n'),
        ([2, 5], [(3, "reason", "control_character")], 'ann,5,x\nann,5,"a\r\nb"\nann,5,x\n'),
        ([2, 4], [(3, "", "broken_quotes")], 'ann,5,x\nann,5,"a"b\nann,5,x\n'),
        ([2], [(3, "", "broken_quotes")], 'ann,5,x\nann,5,"a\nann,5,x\n'),
        # A second quote ends the cell that was never closed; reading goes on below it.
        ([5], [(2, "", "broken_quotes")], 'ann,5,"a\nann,5,x\nann,5,"b"\nann,5,x\n'),
        ([2, 4], [(3, "", "too_few_cells")], "ann,5,x\nann,5\nann,5,x\n"),
        ([2, 4], [(3, "", "too_many_cells")], "ann,5,x\nann,5,one, two\nann,5,x\n"),
        ([2, 4], [(3, "", "too_long")], f"ann,5,x\nann,5,{'x' * LENGTH_MAX}\nann,5,x\n"),
        ([], [(2, "", "too_long")], f"ann,5,{'x' * LENGTH_MAX}"),
        ([2], [(3, "", "too_long")], f"ann,5,x\nann,5,{'x' * LENGTH_MAX * 3}"),
        (
            [2, 6],
            [(3, "", "too_long")],
            f'ann,5,x\nann,5,"{"x" * 5000}\n{"x" * 5000}\n"\nann,5,x\n',
        ),
        (
            [2],
            [(3, "customerprofileid", "control_character"), (4, "reason", "control_character")],
            "ann,5,x\na\0n,5,x\nann,5,\0\n",
        ),
    ],
)
def test_lines_are_counted_as_an_editor_does(
    rows: list[int], problems: list[tuple[int, str, str]], body: str
) -> None:
    good, wrong = read(HEADER + body)
    assert rows == [line for line, *_ in good]
    assert problems == places(wrong)


def test_a_cell_that_is_never_closed_harms_no_more_than_it_holds() -> None:
    body = 'ann,5,"a\n' + "ann,5,x\n" * 100_000
    rows, problems = read(HEADER + body)
    assert places(problems) == [(2, "", "broken_quotes")]
    assert 80_000 < len(rows) < 100_000
    assert rows[-1][0] == 100_002


@pytest.mark.parametrize("kept", [2, 3, 12])
def test_a_compressed_file_that_does_not_begin_well_is_refused(kept: int) -> None:
    with pytest.raises(InvalidFile) as refused:
        read(gzip.compress(HEADER.encode())[:kept])
    assert places(refused.value.problems) == [(1, "", "damaged_gzip")]
    assert refused.value.count == 1


def broken_off(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def with_a_wrong_sum(whole: bytes) -> bytes:
    return whole[:-8] + bytes(4) + whole[-4:]


def with_scrambled_middle(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + b"\xff" * 100 + whole[middle + 100 :]


@pytest.mark.parametrize("damage", [broken_off, with_a_wrong_sum, with_scrambled_middle])
def test_damage_in_a_compressed_file_is_found_where_it_is(damage: Any) -> None:
    lines = "".join(f"ann,{number}.01,\n" for number in range(100_000))
    rows, problems = read(damage(gzip.compress((HEADER + lines).encode())))
    assert len(rows) > 10_000
    assert problems[-1].code == "damaged_gzip"
    assert problems[-1].line >= rows[-1][0] + 1


def test_nothing_but_the_batch_at_hand_is_held() -> None:
    class Endless(io.RawIOBase):
        content = chain(HEADER.encode(), cycle(b"ann,5,x\n"))

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:] = bytes(islice(self.content, len(buffer)))
            return len(buffer)

    text = open_text(cast("BinaryIO", Endless()))
    batches = read_points(text, program=program(), at=AT)
    assert [len(rows) for rows, _ in islice(batches, 3)] == [BATCH] * 3


def test_problems_come_in_batches_too() -> None:
    text = io.StringIO(HEADER + "ann,0\n" * (3 * BATCH) + "ann,0,x\n" * (3 * BATCH), newline="")
    sizes = [len(wrong) for _, wrong in read_points(text, program=program(), at=AT)]
    assert sum(sizes) == 6 * BATCH
    assert max(sizes) <= BATCH


def test_what_is_remembered_is_bounded() -> None:
    remembered = points._Remembered[str, int](int)
    for number in range(3 * remembered.LENGTH_MAX):
        assert number == remembered[str(number)]
        assert len(remembered) <= remembered.LENGTH_MAX


def test_rows_that_say_the_same_share_a_window() -> None:
    text = "customerprofileid,amount,startdate\n" + "ann,5,on_action\n" * 100
    assert len({id(window) for _, _, _, window, *_ in read(text)[0]}) == 1


cell = st.one_of(
    st.sampled_from(["", "ann", "5", "0", "2.50", "on_action", "2027-01-01", "2020-01-01T00:00Z"]),
    st.sampled_from([" ann", "ann\u00a0", "a\u200db", "30D", "1,250", "\0", "\x85", "unlimited"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)


@given(st.lists(st.tuples(*[cell] * len(COLUMNS)), min_size=1, max_size=5))
def test_the_short_path_passes_what_a_close_look_does(rows: list[tuple[str, ...]]) -> None:
    rules = points._Rules(program(), AT, FileLimits().cell_length_max)
    wrong = [[*rules.problems(0, row)] for row in rows if any(row)]
    good, problems = read(csv_of([COLUMNS, *rows]))
    assert sum(not faults for faults in wrong) == len(good)
    assert [(p.column, p.code, p.found) for faults in wrong for p in faults] == [
        (p.column, p.code, p.found) for p in problems
    ]


member = st.from_regex(r"[a-zé_@.\"',; -]{1,20}", fullmatch=True).filter(
    lambda id_: id_ == id_.strip()
)
reason = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)


@given(
    st.lists(st.tuples(member, st.integers(1, LARGEST), reason), max_size=10),
    st.sampled_from(",;\t"),
    st.permutations(range(3)),
)
def test_what_was_written_is_read(
    rows: list[tuple[str, int, str]], delimiter: str, order: list[int]
) -> None:
    header = ("customerprofileid", "amount", "reason")
    cells = [(id_, render_points(amount), reason) for id_, amount, reason in rows]
    text = csv_of(([row[place] for place in order] for row in [header, *cells]), delimiter)
    read_back, problems = read(text)
    assert not problems
    assert rows == essence(read_back)


@given(st.text(st.sampled_from("ann5,;\t\"\r\n \0\ufeff'x"), max_size=200))
def test_no_text_upsets_the_reader(body: str) -> None:
    lines = len(io.StringIO(HEADER + body, newline="").readlines())
    rows, problems = read(HEADER + body)
    numbers = [line for line, *_ in rows]
    assert numbers == sorted(set(numbers))
    assert all(1 < line <= lines for line in [*numbers, *(problem.line for problem in problems)])


@given(st.binary(max_size=200), st.sampled_from([b"", codecs.BOM_UTF16_BE, b"\x1f\x8b\x08\x00"]))
def test_no_bytes_upset_the_reader(content: bytes, mark: bytes) -> None:
    with suppress(InvalidFile):
        read(mark + content)


if __name__ == "__main__":
    for each in FILES:
        each.with_suffix(".expected").write_text(outcome(each), "utf-8")
