"""`tallystick import check`, `list`, `show`, `report`, `undo`, `sample`, `join-dates`."""

import json

import pytest

from cli.harness import Tallystick

BAD = "customerprofileid,amount\nann,1\nbob,x\ncid,y\n"
GOOD = "customerprofileid,amount\nann,5\n"
HERE = ("--program", "Groceries")


def test_a_check_says_what_would_change_and_writes_nothing(groceries: Tallystick) -> None:
    done = groceries("import", "check", "-", *HERE, stdin=GOOD)
    assert done.code == 0
    assert "good rows       1\n" in done.out
    assert "active          5.00\n" in done.out
    totals = groceries("balances", *HERE, "--member", "ann", "--format", "json")
    assert '"active": 200.20' in totals.out or '"active":200.20' in totals.out


def test_a_check_that_finds_problems_groups_them_and_ends_with_1(groceries: Tallystick) -> None:
    done = groceries("import", "check", "-", *HERE, stdin=BAD)
    assert done.code == 1
    assert "2x invalid_amount amount, line 3, 4: found 'x'; write" in done.err


def test_a_check_as_json(groceries: Tallystick) -> None:
    done = groceries("import", "check", "-", *HERE, "--json", stdin=BAD)
    found = json.loads(done.out)
    assert (found["good_rows"], found["bad_rows"]) == (1, 2)
    assert [group["code"] for group in found["problems"]] == ["invalid_amount"]


def test_the_report_of_a_check_has_the_bad_rows(groceries: Tallystick) -> None:
    job = json.loads(groceries("import", "check", "-", *HERE, "--json", stdin=BAD).out)["import_id"]
    done = groceries("import", "report", str(job), *HERE)
    assert done.code == 0
    header, *rows = done.out.splitlines()
    assert header.endswith("line,problem,fix,customerprofileid,amount")
    assert [row.split(",")[-2:] for row in rows] == [["bob", "x"], ["cid", "y"]]


def test_good_rows_only_leaves_bad_ones_out(groceries: Tallystick) -> None:
    done = groceries("import", "points", "-", *HERE, "--good-rows-only", stdin=BAD)
    assert (done.code, done.out.splitlines()[1]) == (0, "rows         1")


def test_imports_are_listed_and_shown(groceries: Tallystick) -> None:
    listed = json.loads(groceries("import", "list", *HERE, "--json").out)
    assert [(job["format"], job["state"], job["rows"]) for job in listed] == [
        ("points", "imported", 4)
    ]
    table = groceries("import", "list", *HERE).out
    assert [line.split() for line in table.splitlines()] == [
        ["id", "created", "format", "state", "rows", "file"],
        ["1", "2026-06-15T12:00:00Z", "points", "imported", "4", "points.csv"],
    ]
    shown = groceries("import", "show", "1", *HERE)
    assert "state      imported\n" in shown.out


def test_an_unknown_import_is_refused(groceries: Tallystick) -> None:
    done = groceries("import", "show", "99", *HERE)
    assert (done.code, done.err) == (1, "there is no import '99'\n")


def test_an_undo_is_told_first_and_done_with_yes(groceries: Tallystick) -> None:
    told = groceries("import", "undo", "1", *HERE)
    assert "rows     4\n" in told.out
    assert told.err == "Nothing was written; --yes undoes it.\n"
    done = groceries("import", "undo", "1", *HERE, "--yes")
    assert (done.code, done.err) == (0, "Import 1 is undone.\n")
    assert json.loads(groceries("import", "show", "1", *HERE, "--json").out)["state"] == "undone"
    again = groceries("import", "undo", "1", *HERE, "--yes")
    assert (again.code, again.err.split(",")[0]) == (1, "import 1 has been undone already")


@pytest.mark.parametrize("name", ["points", "join-dates"])
def test_a_sample_is_written(tallystick: Tallystick, name: str) -> None:
    done = tallystick("import", "sample", name)
    assert done.code == 0
    assert done.out.startswith("customerprofileid,")


def test_join_dates_are_imported(groceries: Tallystick) -> None:
    dates = "customerprofileid,newjoindate\nann,2024-02-14T08:00:00Z\n"
    done = groceries("import", "join-dates", "-", *HERE, stdin=dates)
    assert (done.code, done.out) == (0, "import  2\nrows    1\n")
    refused = groceries("import", "join-dates", "-", *HERE, stdin=dates + "who,2024-02-14\n")
    assert refused.code == 1
    assert "stdin:3 customerprofileid: found 'who', who is no profile" in refused.err
