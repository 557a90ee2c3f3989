"""The CSV of an import of join dates: what is read, and what each wrong cell is refused for."""

import io
from datetime import UTC, datetime

import pytest

from tallystick.core.errors import RowProblem
from tallystick.core.formats.join_dates import (
    COLUMNS,
    SAMPLE,
    JoinDateRow,
    read_join_dates,
    repeated_profile,
    unknown_profile,
)
from tallystick.core.formats.opening import open_text

HEADER = "customerprofileid,newjoindate\n"
NOON = datetime(2026, 2, 14, 12, tzinfo=UTC)


def read(source: str | bytes) -> tuple[list[JoinDateRow], list[RowProblem]]:
    content = source if isinstance(source, bytes) else source.encode()
    rows: list[JoinDateRow] = []
    problems: list[RowProblem] = []
    with open_text(io.BytesIO(content)) as text:
        for some, wrong in read_join_dates(text):
            rows += some
            problems += wrong
    return rows, problems


def test_the_sample_is_read() -> None:
    assert read(SAMPLE) == (
        [
            (2, "cust-0042", datetime(2026, 2, 14, 8, tzinfo=UTC)),
            (3, "cust-0043", datetime(2025, 11, 30, 16, 45, tzinfo=UTC)),
        ],
        [],
    )


@pytest.mark.parametrize(
    "date",
    [
        "2026-02-14T12:00:00Z",
        "2026-02-14T13:00:00+01:00",
        "2026-02-14T12:00:00.000000+0000",
        "2026-02-14T12:00",
    ],
)
def test_an_instant_is_read_in_every_form(date: str) -> None:
    assert read(f"{HEADER}ann,{date}\n") == ([(2, "ann", NOON)], [])


def test_columns_have_any_order_and_case() -> None:
    source = 'NewJoinDate;CUSTOMERPROFILEID\n2026-02-14T12:00:00Z;"a;b"\n\n'
    assert read(source) == ([(2, "a;b", NOON)], [])


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (",2026-02-14", "customerprofileid", "missing_value"),
        (" ann,2026-02-14", "customerprofileid", "surrounding_blanks"),
        (f"{'x' * 1001},2026-02-14", "customerprofileid", "too_long"),
        ('"a\tb",2026-02-14', "customerprofileid", "control_character"),
        ("ann,", "newjoindate", "missing_value"),
        ("ann, 2026-02-14", "newjoindate", "surrounding_blanks"),
        ("ann,14.02.2026", "newjoindate", "ambiguous_date"),
        ("ann,46054", "newjoindate", "date_number"),
        ("ann,immediate", "newjoindate", "invalid_date"),
        ("ann,2026-02-30", "newjoindate", "invalid_date"),
        ("ann", "", "too_few_cells"),
        ("ann,2026-02-14,x", "", "too_many_cells"),
    ],
)
def test_a_wrong_cell_is_refused(row: str, column: str, code: str) -> None:
    rows, [problem] = read(f"{HEADER}{row}\nbob,2026-02-14\n")
    assert (problem.line, problem.column, problem.code) == (2, column, code)
    assert [name for _, name, _ in rows] == ["bob"]


def test_all_cells_of_a_row_are_looked_at() -> None:
    _, problems = read(f"{HEADER},today\n")
    assert [(problem.column, problem.code) for problem in problems] == [
        ("customerprofileid", "missing_value"),
        ("newjoindate", "invalid_date"),
    ]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "no_header"),
        ("customerprofileid", "missing_column"),
        ("newjoindate", "missing_column"),
        ("customerprofileid,newjoindate,amount", "unknown_column"),
    ],
)
def test_a_wrong_header_is_the_only_problem(header: str, code: str) -> None:
    rows, [problem] = read(f"{header}\nann,?,?,?\n")
    assert (rows, problem.line, problem.code) == ([], 1, code)


def test_bytes_that_are_no_characters_are_found_in_their_cell() -> None:
    _, [problem] = read(HEADER.encode() + b"\xe4nn,2026-02-14\n")
    assert (problem.line, problem.column, problem.code) == (2, COLUMNS[0], "not_text")


def test_a_row_about_an_unknown_profile_says_so() -> None:
    assert str(unknown_profile(7, "ann")) == (
        "line 7, customerprofileid: found 'ann', who is no profile;"
        " make the profile first, or leave the row out"
    )


def test_a_row_about_a_profile_of_another_row_says_of_which() -> None:
    assert str(repeated_profile(7, "ann", 2)) == (
        "line 7, customerprofileid: found 'ann', who stands on line 2 too; leave one of the rows"
    )
