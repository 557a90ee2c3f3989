"""`tallystick export`."""

import csv
import io
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pyarrow import parquet
from rich.console import Console

from cli.harness import Tallystick, deduct

LOG = ("export", "transactions", "--program", "Groceries")
BALANCES = ("export", "balances", "--program", "Groceries")
EXPIRING = ("export", "expiring", "--program", "Groceries")
JUNE = ("--from", "2026-06-15", "--to", "2026-06-30")
COLUMNS = (
    "customerprofileid,customersessionid,rulesetid,rulename,programid,type,name,subledgerid,"
    "startdate,expirydate,id,created,amount,archived,campaignid,flags,transactionuuid,"
    "validityduration"
)


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_the_log_has_the_18_columns_and_a_line_per_transaction(groceries: Tallystick) -> None:
    told = groceries(*LOG)
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines()[0] == COLUMNS
    [welcome] = [row for row in _rows(told.out) if row["subledgerid"] == "store-7"]
    assert welcome["name"] == "Welcome back, Ann"
    assert (welcome["type"], welcome["amount"]) == ("addition", "0.30")
    assert (welcome["startdate"], welcome["expirydate"]) == ("2026-07-01 00:00:00", "unlimited")
    assert welcome["created"] == "2026-06-15 12:00:00"
    assert len(_rows(told.out)) == 4


def test_instants_can_be_iso_8601(groceries: Tallystick) -> None:
    rows = _rows(groceries(*LOG, "--date-format", "ISO8601").out)
    assert {row["created"] for row in rows} == {"2026-06-15T12:00:00.000000Z"}


def test_a_member_has_only_their_transactions(groceries: Tallystick, database_url: str) -> None:
    deduct(database_url, "bob", "20.05")
    rows = _rows(groceries(*LOG, "--member", "bob").out)
    assert [(row["type"], row["amount"]) for row in rows] == [
        ("addition", "50.00"),
        ("subtraction", "20.05"),
    ]


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (["--after", "2026-06-15T12:00:00Z"], 4),
        (["--after", "2026-06-15T12:00:01Z"], 0),
        (["--before", "2026-06-15T12:00:00Z"], 4),
        (["--before", "2026-06-15T11:59:59Z"], 0),
        (["--after", "2026-06-15", "--before", "2026-06-16"], 4),
    ],
)
def test_both_ends_of_a_range_belong_to_it(
    arguments: list[str], rows: int, groceries: Tallystick
) -> None:
    assert len(_rows(groceries(*LOG, *arguments).out)) == rows


@pytest.mark.parametrize("command", [LOG, BALANCES], ids=["transactions", "balances"])
def test_a_file_says_the_same_as_stdout(
    command: tuple[str, ...], groceries: Tallystick, tmp_path: Path
) -> None:
    file = tmp_path / "export.csv"
    file.write_text("what was there before")
    told = groceries(*command, "--output", str(file))
    assert (told.code, told.out) == (0, "")
    assert told.err == f"The file '{file}' is whole.\n"
    assert file.read_text() == groceries(*command).out


def test_a_link_stays_and_its_file_is_written(groceries: Tallystick, tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real.csv")
    groceries(*BALANCES, "--output", str(link))
    assert link.is_symlink()
    assert (tmp_path / "real.csv").read_text() == groceries(*BALANCES).out


def test_a_refused_export_leaves_the_file_as_it_was(groceries: Tallystick, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text("what was there before")
    assert groceries(*LOG, "--member", "zoe", "--output", str(file)).code == 1
    assert file.read_text() == "what was there before"


@pytest.mark.parametrize(
    ("path", "why"),
    [("absent/export.csv", "No such file or directory"), ("", "it is not a file")],
)
def test_a_file_that_cannot_be_written_is_refused(
    path: str, why: str, groceries: Tallystick, tmp_path: Path
) -> None:
    refused = groceries(*LOG, "--output", str(tmp_path / path))
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("--output: found ")
    assert f"which cannot be written ({why})" in refused.err
    assert not [*tmp_path.glob(".*")]


def test_an_export_that_breaks_off_leaves_the_folder_as_it_was(
    groceries: Tallystick, tmp_path: Path
) -> None:
    file = tmp_path / "export.csv"
    file.write_text("what was there before")
    before = sorted(tmp_path.iterdir())
    with _files_of_at_most(100):
        refused = groceries(*LOG, "--output", str(file))
    assert (refused.code, refused.out) == (1, "")
    assert "which cannot be written (File too large)" in refused.err
    assert file.read_text() == "what was there before"
    assert sorted(tmp_path.iterdir()) == before


def test_balances_are_those_of_the_moment(groceries: Tallystick) -> None:
    rows = _rows(groceries(*BALANCES, "--member", "ann", "--at", "2026-07-01").out)
    assert [(row["loyaltySubledger"], row["currentBalance"]) for row in rows] == [
        ("", "0.00"),
        ("store-7", "0.30"),
    ]


def test_balances_of_now_are_those_of_the_command_balances(groceries: Tallystick) -> None:
    assert groceries(*BALANCES).out == groceries("balances", "--program", "Groceries").out


@pytest.mark.parametrize("command", [LOG, BALANCES], ids=["transactions", "balances"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--member", "zoe"], "there is no customer profile 'zoe'\n"),
        (["--program", "Go"], "there is no loyalty program 'Go'; there are Groceries\n"),
    ],
)
def test_what_is_not_there_is_refused(
    command: tuple[str, ...], arguments: list[str], said: str, groceries: Tallystick
) -> None:
    assert groceries(*command, *arguments) == (1, "", said)


@pytest.mark.parametrize(
    ("command", "option"),
    [(LOG, "--after"), (LOG, "--before"), (BALANCES, "--at"), (BALANCES, "--known-at")],
)
def test_a_wrong_instant_is_refused(
    command: tuple[str, ...], option: str, tallystick: Tallystick
) -> None:
    refused = tallystick(*command, option, "soon")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"{option}: found 'soon'; write an instant from 1900")


# Formats


def _first_row(file: Path) -> dict[str, Any]:
    """The first row of a file, by the end of its name."""
    if file.suffix == ".parquet":
        found: dict[str, Any] = parquet.read_table(file).to_pylist()[0]
        return found
    if file.suffix == ".xlsx":
        book = openpyxl.load_workbook(file)
        head, first, *_ = book.worksheets[0].iter_rows(values_only=True)
        book.close()
        return dict(zip(map(str, head), first, strict=True))
    if file.suffix == ".ndjson":
        line: dict[str, Any] = json.loads(file.read_text().splitlines()[0])
        return line
    return dict(_rows(file.read_text())[0])


@pytest.mark.parametrize("end", ["csv", "parquet", "xlsx", "ndjson", "PARQUET"])
def test_a_file_is_written_as_the_end_of_its_name_says(
    end: str, groceries: Tallystick, tmp_path: Path
) -> None:
    file = tmp_path / f"balances.{end}"
    told = groceries(*BALANCES, "--at", "2026-06-15T12:00:00Z", "--output", str(file))
    assert (told.code, told.out) == (0, "")
    row = _first_row(file.rename(file.with_suffix(f".{end.lower()}")))
    assert row["profileIntegrationID"] == "ann"
    assert float(row["currentBalance"]) == 200.2


def test_a_format_that_is_named_counts_more_than_the_end(
    groceries: Tallystick, tmp_path: Path
) -> None:
    file = tmp_path / "log.txt"
    groceries(*LOG, "--format", "ndjson", "--output", str(file))
    assert json.loads(file.read_text().splitlines()[0])["programid"] == 1
    groceries(*LOG, "--output", str(file))
    assert file.read_text().startswith(COLUMNS)


def test_stdout_takes_any_format(groceries: Tallystick) -> None:
    lines = groceries(*BALANCES, "--format", "ndjson").out.splitlines()
    assert [json.loads(line)["profileIntegrationID"] for line in lines] == ["ann", "ann", "bob"]


def test_text_is_harmless_where_that_is_asked_for(groceries: Tallystick) -> None:
    rows = "customerprofileid,amount,reason\nzed,1,=1+1\n"
    groceries("import", "points", "-", "--program", "Groceries", stdin=rows)
    told = {row["name"] for row in _rows(groceries(*LOG, "--safe", "--member", "zed").out)}
    assert told == {"'=1+1"}


# Which rows


@pytest.mark.parametrize(
    ("arguments", "amounts"),
    [
        (["--type", "subtraction"], ["20.05"]),
        (["--source", "manual"], ["20.05"]),
        (["--source", "import", "--member", "bob"], ["50.00"]),
        (["--subledger", "store-7"], ["0.30"]),
        (["--member", "bob", "--member", "ann", "--subledger", "store-7"], ["0.30"]),
        (["--import", "1", "--member", "bob"], ["50.00"]),
        (["--import", "2"], []),
    ],
)
def test_a_log_is_filtered(
    arguments: list[str], amounts: list[str], groceries: Tallystick, database_url: str
) -> None:
    deduct(database_url, "bob", "20.05")
    assert [row["amount"] for row in _rows(groceries(*LOG, *arguments).out)] == amounts


@pytest.mark.parametrize("option", ["--type", "--source"])
def test_a_word_that_means_nothing_is_refused(option: str, groceries: Tallystick) -> None:
    refused = groceries(*LOG, option, "earned")
    assert refused.code == 1
    assert refused.err.startswith(f"{option}: found 'earned'; write ")


def test_details_are_more_columns(groceries: Tallystick) -> None:
    first, *_ = _rows(groceries(*BALANCES, "--details").out)
    assert (first["nextExpiry"], first["nextExpiryPoints"]) == (
        "2026-06-17T04:00:00.000000Z",
        "200.20",
    )


def test_what_expires_is_told_day_by_day(groceries: Tallystick) -> None:
    rows = _rows(groceries(*EXPIRING, *JUNE).out)
    assert [list(row.values()) for row in rows] == [
        ["1", "", "ann", "2026-06-17", "200.20", "0.00"],
        ["1", "store-7", "ann", "2026-06-30", "0.00", "0.30"],
    ]
    rows = _rows(groceries(*EXPIRING, *JUNE, "--subledger", "store-7", "--member", "ann").out)
    assert [row["activatingPoints"] for row in rows] == ["0.30"]
    assert not _rows(groceries(*EXPIRING, *JUNE, "--member", "bob").out)


@pytest.mark.parametrize(
    ("days", "field"),
    [
        (["--from", "soon", "--to", "2026-06-30"], "--from"),
        (["--from", "2026-06-30", "--to", "2026-06-29"], "--to"),
    ],
)
def test_days_that_cannot_be_are_refused(
    days: list[str], field: str, groceries: Tallystick
) -> None:
    refused = groceries(*EXPIRING, *days)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"{field}: found ")


def test_a_terminal_is_told_how_far_it_is(
    groceries: Tallystick, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever watches sees rows and bytes, and the file is the same."""
    plain = groceries(*LOG).out
    shown = io.StringIO()
    monkeypatch.setattr("tallystick.cli.exports._terminal", lambda: Console(file=shown, width=80,
                        force_terminal=True))  # fmt: skip
    assert groceries(*LOG).out == plain
    assert "4 rows" in shown.getvalue()
