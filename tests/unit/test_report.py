"""The report: a person's own rows with what is wrong, which can be sent again as they are."""

import codecs
import csv
import gzip
import io
import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallystick.core.errors import RowProblem
from tallystick.core.formats import FORMATS
from tallystick.core.formats.limits import FileLimits
from tallystick.core.formats.opening import open_text
from tallystick.core.formats.points import COLUMNS, POINTS
from tallystick.core.formats.report import write_report
from tallystick.core.ids import ProgramId
from tallystick.core.programs import Program, ProgramSettings

AT = datetime(2026, 12, 1, 12, tzinfo=UTC)
PROGRAM = Program(
    id=ProgramId(3),
    created_at=AT,
    settings=ProgramSettings(name="club", timezone="UTC", allow_subledger=True),
)
HEADER = "Reason;Amount;CustomerProfileId\n"


def problems_of(content: bytes) -> list[RowProblem]:
    with open_text(io.BytesIO(content)) as text:
        batches = POINTS.read(text, program=PROGRAM, at=AT, limits=FileLimits())
        return list(itertools.chain.from_iterable(problems for _, problems in batches))


def report_of(source: str | bytes, *, all_rows: bool = False) -> bytes:
    content = source if isinstance(source, bytes) else source.encode()
    with open_text(io.BytesIO(content)) as text:
        pieces = write_report(text, problems_of(content), POINTS, all_rows=all_rows)
        return b"".join(pieces)


def cells(report: bytes, delimiter: str = ";") -> list[list[str]]:
    text = io.StringIO(report.decode("utf-8-sig", "surrogateescape"), newline="")
    return list(csv.reader(text, delimiter=delimiter))


def codes(content: bytes) -> list[str]:
    return [problem.code for problem in problems_of(content)]


def test_a_report_has_the_rows_with_problems_as_their_owner_wrote_them() -> None:
    report = report_of(f'{HEADER}x;5;ann\n=1+1;"1,250";bob\n"a ""b""; c";;\n')
    assert report.startswith(codecs.BOM_UTF8)
    assert cells(report)[:1] == [
        ["line", "problem", "fix", "Reason", "Amount", "CustomerProfileId"]
    ]
    assert [[line, *own] for line, _, _, *own in cells(report)[1:]] == [
        ["3", "=1+1", "1,250", "bob"],
        ["4", 'a "b"; c', "", ""],
    ]


def test_a_row_says_all_that_is_wrong_with_it() -> None:
    _, [_, problem, fix, *_] = cells(report_of(f"{HEADER}x;0;\n"))
    assert problem == "customerprofileid: found nothing; amount: found '0'"
    assert fix == (
        "customerprofileid: write the integration id of a profile;"
        " amount: write more than 0: an import only adds points"
    )


def test_right_rows_are_there_if_asked_for() -> None:
    rows = cells(report_of(f"{HEADER}x;5;ann\n\ny;0;bob\n", all_rows=True))
    assert [(row[0], bool(row[1]), row[3]) for row in rows[1:]] == [
        ("2", False, "x"),
        ("4", True, "y"),
    ]


def test_all_rows_are_there_if_the_header_is_wrong() -> None:
    rows = cells(report_of("reason;amount;member\nx;5;ann\ny;6;bob\n"))
    assert rows[0] == ["line", "problem", "fix", "reason", "amount", "member"]
    assert rows[1][0] == "1"
    assert [row[3:] for row in rows[2:]] == [["x", "5", "ann"], ["y", "6", "bob"]]


def test_a_report_that_was_mended_is_an_import() -> None:
    report = report_of(f"{HEADER}x;0;ann\ny;;bob\n")
    mended = report.replace(b";0;", b";7;").replace(b";;bob", b";8;bob")
    assert codes(mended) == []


def test_a_report_of_a_report_has_its_columns_once() -> None:
    report = report_of(report_of(f"{HEADER}x;5;ann\nx;0;ann\n"))
    [header, row] = cells(report)
    assert header == ["line", "problem", "fix", "Reason", "Amount", "CustomerProfileId"]
    assert (row[0], row[3:]) == ("2", ["x", "0", "ann"])


BROKEN = [
    ("too_few_cells", "x;5"),
    ("too_many_cells", "x;5;ann;y"),
    ("too_many_cells", "x;5;ann;y;z;1;2;3"),
    ("broken_quotes", 'x;5;"ann"b'),
    ("broken_quotes", 'x;5;"ann'),
    ("too_long", f"{'x' * 20_000};5;ann"),
    ("too_long", f'"{"x" * 6_000}\n{"x" * 6_000}";5;ann'),
    ("control_character", '"a\nb";5;ann'),
    ("not_text", "gr\udcfc\udcdfe;5;ann"),
]


@pytest.mark.parametrize(("code", "row"), BROKEN)
def test_what_was_refused_is_refused_again_until_it_is_mended(code: str, row: str) -> None:
    content = f"{HEADER}x;5;ann\n{row}\n".encode("utf-8", "surrogateescape")
    assert codes(content)[0] == code
    again = report_of(content)
    assert cells(again)[1][0] == "3"
    assert codes(again)


def test_half_a_character_of_utf_16_does_not_become_a_whole_one() -> None:
    content = f"{HEADER}".encode("utf-16") + b"a\0\x00\xd8b\0" + ";5;ann\n".encode("utf-16-le")
    assert codes(content) == ["not_text"]
    assert codes(report_of(content)) == ["not_text"]


def test_damage_is_told_behind_the_rows_and_reads_as_nothing() -> None:
    lines = "".join(f"x;{number}.01;ann\n" for number in range(1, 20_000))
    whole = gzip.compress((HEADER + lines).encode())
    [_, told] = cells(report_of(whole[: len(whole) // 2]))
    assert "breaks off" in told[1]
    assert told[3:] == ["", "", ""]


def test_problems_of_later_checks_find_their_row() -> None:
    said = [
        RowProblem(line=line, column="amount", code="x_y", found="z", fix="f") for line in (3, 9)
    ]
    text = io.StringIO(HEADER + 'x;5;ann\n"y\nz";5;ann\n', newline="")
    rows = cells(b"".join(write_report(text, said, POINTS)))
    assert [(row[0], row[3:]) for row in rows[1:]] == [
        ("3", ["y\nz", "5", "ann"]),
        ("9", ["", "", ""]),
    ]


@pytest.mark.parametrize("kind", FORMATS.values(), ids=lambda kind: kind.name)
def test_a_format_says_truly_what_it_reads(kind: object) -> None:
    """The sample names all columns, and reads without a problem."""
    assert kind in FORMATS.values()
    found = FORMATS[kind.name]  # type: ignore[attr-defined]  # the parameter is one
    names = [column.name for column in found.columns]
    assert found.sample.splitlines()[0].split(",") == names
    text = io.StringIO(found.sample, newline="")
    problems = [
        p for _, some in found.read(text, program=PROGRAM, at=AT, limits=FileLimits()) for p in some
    ]
    assert problems == []
    needed = [column.name for column in found.columns if column.is_needed]
    text = io.StringIO("x\n")
    [(_, problems)] = found.read(text, program=PROGRAM, at=AT, limits=FileLimits())
    assert [problem.column for problem in problems if problem.code == "missing_column"] == needed


@pytest.mark.parametrize("column", POINTS.columns, ids=lambda column: column.name)
def test_the_examples_of_a_column_are_right(column: object) -> None:
    [found] = [c for c in POINTS.columns if c is column]
    for shown in found.examples:
        row = {"customerprofileid": "ann", "amount": "5", found.name: shown}
        text = io.StringIO(newline="")
        csv.writer(text).writerows([row.keys(), row.values()])
        assert codes(text.getvalue().encode()) == []


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("customer_profile_id", "customerprofileid"),
        ("Customer ID", "customerprofileid"),
        ("expiry date", "expirydate"),
        ("expiry", "expirydate"),
        ("start", "startdate"),
        ("subledger", "subledgerid"),
        ("amounts", "amount"),
        ("validity", "validityDuration"),
    ],
)
def test_an_unknown_column_is_given_the_nearest_name(name: str, proposed: str) -> None:
    problems = problems_of(f"{name},zzz\n".encode())
    fixes = [problem.fix for problem in problems if problem.code == "unknown_column"]
    assert fixes == [
        f"name it {proposed}, or remove it",
        f"write only these columns: {','.join(COLUMNS)}",
    ]


@example(['"\r5"'])
@given(st.lists(st.text(st.sampled_from('ab5;"\n\r\0\ufeff =\t,ü\udcff'), max_size=20), max_size=8))
def test_no_problem_is_lost_from_a_report(rows: list[str]) -> None:
    content = (HEADER + "\n".join(rows)).encode("utf-8", "surrogateescape")
    problems = problems_of(content)
    told = cells(report_of(content))
    assert sum(row[1].count("found ") for row in told[1:]) >= len(problems)
    assert bool(codes(report_of(content))) == bool(problems)
