"""`tallystick export dashboard` and `tallystick close-days`."""

from datetime import timedelta
from pathlib import Path

import pytest

from cli.harness import NOW, Tallystick

DASHBOARD = ("export", "dashboard", "--program", "Groceries")
HEADER = (
    "date,newMembers,totalMembers,totalActivePoints,totalPendingPoints,totalExpiredPoints,"
    "earnedPointsManual,earnedPointsRuleEngine,spentPointsManual,spentPointsRuleEngine"
)


@pytest.fixture
def later(groceries: Tallystick, monkeypatch: pytest.MonkeyPatch) -> Tallystick:
    """The same three days later."""
    monkeypatch.setattr("cli.harness.NOW", NOW + timedelta(days=3))
    return groceries


def test_a_line_a_day_in_the_time_zone_of_the_program(later: Tallystick) -> None:
    told = later(*DASHBOARD, "--last", "7-days")
    assert (told.code, told.err) == (0, "")
    header, *days = told.out.splitlines()
    assert header == HEADER
    assert len(days) == 7
    assert days[-3] == "2026-06-15,2,2,250.20,0.30,100.10,350.60,0.00,0.00,0.00"
    assert days[-1] == "2026-06-17,0,2,50.00,0.30,300.30,0.00,0.00,0.00,0.00"


def test_days_columns_and_the_ledger_can_be_chosen(later: Tallystick) -> None:
    days = ("--from", "2026-06-15", "--to", "2026-06-16", "--subledger", "store-7")
    told = later(*DASHBOARD, *days, "--figures", "totals", "--figures", "imports")
    assert told.out.splitlines() == [
        (
            "date,totalActivePoints,totalPendingPoints,totalExpiredPoints,"
            "earnedPointsImport,spentPointsImport"
        ),
        "2026-06-15,0.00,0.30,0.00,0.30,0.00",
        "2026-06-16,0.00,0.30,0.00,0.00,0.00",
    ]


def test_the_last_30_days_are_told_if_nothing_is_asked_for(later: Tallystick) -> None:
    assert len(later(*DASHBOARD).out.splitlines()) == 31


def test_a_file_is_whole(later: Tallystick, tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    told = later(*DASHBOARD, "--last", "year", "--output", str(path))
    assert (told.code, told.out) == (0, "")
    assert told.err == f"The file {str(path)!r} is whole.\n"
    assert len(path.read_text().splitlines()) == 366


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "2026-06-15"), "--to: found nothing; write both --from and --to, or --last"),
        (("--to", "yesterday"), "--to: found 'yesterday'; write a day from 1900 to 9998"),
        (("--from", "2026-06-15", "--to", "2026-06-14"), "--to: found 2026-06-14; write a day"),
        (
            ("--from", "2026-06-15", "--to", "2026-06-15", "--last", "year"),
            "--last: found 'year' beside a range; leave it out",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(
    later: Tallystick, arguments: tuple[str, ...], said: str
) -> None:
    told = later(*DASHBOARD, *arguments)
    assert (told.code, told.out) == (1, "")
    assert said in told.err


def test_days_are_closed_once(later: Tallystick) -> None:
    before = later(*DASHBOARD)
    assert later("close-days").err == "3 days were closed.\n"
    assert later("close-days").err == "All days that are over are closed.\n"
    assert later(*DASHBOARD) == before
