"""`tallystick import points`."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.harness import POINTS, Tallystick

SEPARATORS = "write no separators of thousands and a point before the decimals, like 1250.00"
DATES = "write the year first, like 2026-02-01T00:00:00Z: the order of day and month is in doubt"
HEADER = "customerprofileid,amount,startdate,expirydate,subledgerid,reason\n"


@pytest.fixture
def program(tallystick: Tallystick) -> Tallystick:
    tallystick("program", "create", "--name", "Club", "--timezone", "UTC", "--allow-subledger")
    return tallystick


def test_the_summary_is_on_stdout(program: Tallystick, tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text(f"{HEADER}ann,0.10,,,store-7,\nann,0.20,,,store-8,\nbob,1,,,store-8,\n")
    done = program("import", "points", str(file), "--program", "Club")
    assert (done.code, done.err) == (0, "")
    *lines, seconds = done.out.splitlines()
    assert lines == [
        "import       1",
        "rows         3",
        "points       1.30",
        "new members  2",
        "subledgers   2",
    ]
    assert seconds.startswith("seconds      ")


def test_the_summary_as_json(program: Tallystick) -> None:
    done = program("import", "points", "-", "--program", "Club", "--json", stdin=POINTS)
    assert (done.code, done.err) == (0, "")
    summary = json.loads(done.out, parse_float=str)
    assert float(summary.pop("seconds")) >= 0
    summary.pop("subledgers")
    assert summary == {
        "import_id": 1,
        "recorded_at": "2026-06-15T12:00:00Z",
        "rows": 4,
        "points": "350.60",
        "new_members": 2,
    }


def test_a_gzipped_file_is_read(program: Tallystick, tmp_path: Path) -> None:
    file = tmp_path / "points.csv.gz"
    file.write_bytes(gzip.compress(POINTS.encode()))
    done = program("import", "points", str(file), "--program", "Club")
    assert done.out.startswith("import       1\nrows         4\npoints       350.60\n")


def test_problems_are_listed_by_line_and_nothing_is_imported(
    program: Tallystick, tmp_path: Path
) -> None:
    file = tmp_path / "points.csv"
    file.write_text(f'{HEADER}ann,10,,,,\nbob,"1,250",,01/02/2026,,\n,5,,,,\n')
    refused = program("import", "points", str(file), "--program", "Club")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.splitlines() == [
        f"{file}:3 amount: found '1,250'; {SEPARATORS}",
        f"{file}:3 expirydate: found '01/02/2026'; {DATES}",
        f"{file}:4 customerprofileid: found nothing; write the integration id of a profile",
        "nothing was imported: 3 problems in the file",
    ]
    assert "pending,active" in program("balances", "--program", "Club", "--totals").out
    assert program("balances", "--program", "Club", "--format", "json").out == "[]\n"


def test_a_problem_of_a_whole_line_has_no_column(program: Tallystick) -> None:
    refused = program("import", "points", "-", "--program", "Club", stdin=f"{HEADER}ann,1\n")
    assert refused.err.splitlines()[0].startswith("stdin:2: found 2 cells; write 6")


def test_many_problems_are_counted(program: Tallystick) -> None:
    refused = program(
        "import", "points", "-", "--program", "Club", stdin=HEADER + "ann,x,,,,\n" * 150
    )
    *listed, more, told = refused.err.splitlines()
    assert len(listed) == 100
    assert more == "... and 50 more"
    assert told == "nothing was imported: 150 problems in the file"


def test_an_empty_file_is_refused(program: Tallystick) -> None:
    refused = program("import", "points", "-", "--program", "Club")
    assert refused.code == 1
    assert refused.err.startswith("stdin:1: found nothing; write the columns customerprofileid,")


@pytest.mark.parametrize(
    ("name", "why"),
    [("absent.csv", "No such file or directory"), (".", "Is a directory")],
)
def test_a_file_that_cannot_be_read_is_refused(
    name: str, why: str, program: Tallystick, tmp_path: Path
) -> None:
    refused = program("import", "points", str(tmp_path / name), "--program", "Club")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("FILE: found ")
    assert refused.err.endswith(
        f", which cannot be read ({why}); write the path of a CSV file, or -\n"
    )


def test_an_unknown_program_is_refused_with_those_there_are(program: Tallystick) -> None:
    assert program("import", "points", "-", "--program", "Clup", stdin=POINTS) == (
        1, "", "there is no loyalty program 'Clup'; there are Club\n"
    )  # fmt: skip


def test_a_card_based_program_is_refused(tallystick: Tallystick) -> None:
    tallystick("program", "create", "--name", "Cards", "--timezone", "UTC", "--card-based")
    refused = tallystick("import", "points", "-", "--program", "Cards", stdin=POINTS)
    assert refused.code == 1
    assert "this program is card-based" in refused.err


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_sees_progress_and_a_pipe_only_the_summary(
    environment: dict[str, str],
    program: Tallystick,
    database_url: str,
    tmp_path: Path,
    *,
    coloured: bool,
) -> None:
    file = tmp_path / "points.csv"
    file.write_text(POINTS)
    ours, theirs = os.openpty()
    arguments = ("import", "points", str(file), "--program", "Club")
    out = subprocess.run(
        [sys.executable, "-m", "cli.harness", database_url, *arguments],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    ).stdout
    os.close(theirs)
    shown = os.read(ours, 65_536)
    os.close(ours)
    assert out.startswith(b"import       1\nrows         4\n")
    assert b"\x1b" not in out
    assert b"Entering" in shown
    assert coloured == (b"\x1b[3" in shown)
