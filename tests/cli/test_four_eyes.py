"""`tallystick program four-eyes`: what waits, said and set at once by whoever runs the machine."""

import json

import pytest

from cli.harness import Tallystick

FOUR_EYES = ("program", "four-eyes", "--program", "Club")


@pytest.fixture(autouse=True)
def club(tallystick: Tallystick) -> None:
    """There is a program."""
    made = tallystick("program", "create", "--name", "Club", "--timezone", "Europe/Berlin")
    assert made.code == 0


def test_nothing_waits_at_first(tallystick: Tallystick) -> None:
    told = tallystick(*FOUR_EYES)
    assert [line.split("  ")[0] for line in told.out.splitlines()] == ["imports wait", "no"]
    assert told.out.splitlines()[1].split() == ["no", "never"]


def test_what_is_not_said_stays_as_it_was(tallystick: Tallystick) -> None:
    for given, imports, points in (
        (("--imports",), True, None),
        (("--points-from", "500"), True, "500.00"),
        (("--no-imports",), False, "500.00"),
        (("--points-from", "none"), False, None),
        ((), False, None),
    ):
        told = tallystick(*FOUR_EYES, *given, "--json")
        found = json.loads(told.out, parse_float=str)
        assert found == {"imports_wait": imports, "points_from": points}


@pytest.mark.parametrize("text", ["0", "many", "-5", "1.234"])
def test_a_limit_is_an_amount(tallystick: Tallystick, text: str) -> None:
    told = tallystick(*FOUR_EYES, "--points-from", text)
    assert told.code == 1
    assert "--points-from" in told.err


def test_a_command_imports_at_once(tallystick: Tallystick) -> None:
    assert tallystick(*FOUR_EYES, "--imports", "--points-from", "1").code == 0
    rows = "customerprofileid,amount\nann,5\n"
    told = tallystick("import", "points", "-", "--program", "Club", stdin=rows)
    assert told.code == 0, told.err
    assert "ann" in tallystick("balances", "--program", "Club").out
