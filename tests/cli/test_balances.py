"""`tallystick balances`."""

import csv
import json
from decimal import Decimal

import pytest

from cli.harness import Tallystick, deduct

ASK = ("balances", "--program", "Groceries")
HEADER = (
    "loyaltyProgramID,loyaltySubledger,profileIntegrationID,currentBalance,pendingBalance,"
    "expiredBalance,spentBalance,negativeBalance,currentTier\n"
)


def test_totals_are_one_object_of_exact_numbers(groceries: Tallystick, database_url: str) -> None:
    deduct(database_url, "bob", "70.05")
    assert groceries(*ASK, "--totals", "--format", "json") == (
        0,
        '{"pending":0.30,"active":200.20,"spent":50.00,"expired":100.10,"negative":20.05}\n',
        "",
    )


def test_totals_as_csv(groceries: Tallystick) -> None:
    assert groceries(*ASK, "--totals") == (
        0,
        "pending,active,spent,expired,negative\n0.30,250.20,0.00,100.10,0.00\n",
        "",
    )


def test_totals_past_the_largest_amount_are_exact(groceries: Tallystick) -> None:
    rows = "customerprofileid,amount\n" + "max,999999999999.99\n" * 9001
    groceries("import", "points", "-", "--program", "Groceries", stdin=rows)
    told = groceries(*ASK, "--totals", "--format", "json").out
    active = json.loads(told, parse_float=Decimal)["active"]
    assert active == Decimal("999999999999.99") * 9001 + Decimal("250.20")


@pytest.mark.parametrize(
    ("at", "pending", "active", "expired"),
    [
        ("2026-06-15T11:59:59Z", "0.00", "0.00", "0.00"),
        ("2026-06-15T12:00:00Z", "0.30", "250.20", "100.10"),
        ("2026-06-15T14:00:00+02:00", "0.30", "250.20", "100.10"),
        ("2026-06-17T03:59:59.999999Z", "0.30", "250.20", "100.10"),
        ("2026-06-17T04:00:00Z", "0.30", "50.00", "300.30"),
        ("2026-06-30T23:59:59.999999Z", "0.30", "50.00", "300.30"),
        ("2026-07-01", "0.00", "50.30", "300.30"),
        ("9998-12-31T00:00:00Z", "0.00", "50.30", "300.30"),
    ],
)
def test_totals_at_any_moment(
    at: str, pending: str, active: str, expired: str, groceries: Tallystick
) -> None:
    told = groceries(*ASK, "--totals", "--at", at, "--format", "json").out
    sums = json.loads(told, parse_float=str)
    assert (pending, active, expired) == (sums["pending"], sums["active"], sums["expired"])


def test_what_was_recorded_after_known_at_is_left_out(groceries: Tallystick) -> None:
    at = ("--totals", "--at", "2026-07-01", "--known-at", "2026-06-15T11:59:59Z")
    assert groceries(*ASK, *at).out.endswith("\n0.00,0.00,0.00,0.00,0.00\n")


def test_csv_has_a_line_per_member_and_subledger(groceries: Tallystick, database_url: str) -> None:
    deduct(database_url, "bob", "70.05")
    assert groceries(*ASK) == (
        0,
        HEADER
        + "1,,ann,200.20,0.00,100.10,0.00,0.00,\n"
        + "1,store-7,ann,0.00,0.30,0.00,0.00,0.00,\n"
        + "1,,bob,0.00,0.00,0.00,50.00,20.05,\n",
        "",
    )


def test_json_has_an_object_per_member_and_subledger(groceries: Tallystick) -> None:
    assert groceries(*ASK, "--format", "json").out == (
        "[\n"
        '{"member":"ann","subledger":"","pending":0.00,"active":200.20,"spent":0.00,'
        '"expired":100.10,"negative":0.00},\n'
        '{"member":"ann","subledger":"store-7","pending":0.30,"active":0.00,"spent":0.00,'
        '"expired":0.00,"negative":0.00},\n'
        '{"member":"bob","subledger":"","pending":0.00,"active":50.00,"spent":0.00,'
        '"expired":0.00,"negative":0.00}\n'
        "]\n"
    )


def test_json_of_many_members_says_the_same_as_csv(groceries: Tallystick) -> None:
    members = [f"x{number}" for number in range(3_000)] + ['a"b', "c;d", "e\\f", "größe", "1,2"]
    quoted = ('"' + member.replace('"', '""') + '"' for member in members)
    rows = "customerprofileid,amount\n" + "".join(f"{member},1.25\n" for member in quoted)
    groceries("import", "points", "-", "--program", "Groceries", stdin=rows)
    from_json = json.loads(groceries(*ASK, "--format", "json").out, parse_float=str)
    from_csv = list(csv.DictReader(groceries(*ASK).out.splitlines()))
    assert [(r["member"], r["subledger"], r["active"]) for r in from_json] == [
        (r["profileIntegrationID"], r["loyaltySubledger"], r["currentBalance"]) for r in from_csv
    ]
    assert {row["member"] for row in from_json} == {*members, "ann", "bob"}


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_a_member_has_only_their_ledgers(format_: str, groceries: Tallystick) -> None:
    told = groceries(*ASK, "--member", "ann", "--format", format_)
    assert (told.code, told.err) == (0, "")
    assert told.out.count("ann") == 2
    assert "bob" not in told.out


def test_days_tell_what_becomes_active_and_expires(groceries: Tallystick) -> None:
    told = groceries(*ASK, "--member", "ann", "--days", "2", "--at", "2026-06-15T12:00:00Z")
    assert told.out == (
        "subledger,day,activating,expiring,projected\n"
        ",2026-06-16,0.00,0.00,200.20\n"
        ",2026-06-17,0.00,200.20,0.00\n"
        "store-7,2026-06-16,0.00,0.00,0.00\n"
        "store-7,2026-06-17,0.00,0.00,0.00\n"
    )


def test_days_as_json(groceries: Tallystick) -> None:
    at = ("--member", "ann", "--days", "1", "--at", "2026-06-30T12:00:00Z", "--format", "json")
    assert groceries(*ASK, *at).out == (
        "[\n"
        '{"subledger":"","day":"2026-07-01","activating":0.00,"expiring":0.00,"projected":0.00},\n'
        '{"subledger":"store-7","day":"2026-07-01","activating":0.30,"expiring":0.00,'
        '"projected":0.30}\n'
        "]\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--at", "yesterday"], 1, "--at: found 'yesterday'; write an instant from 1900"),
        (["--at", "2026-02-30"], 1, "--at: found '2026-02-30'; write an instant from 1900"),
        (["--at", ""], 1, "--at: found ''; write an instant from 1900"),
        (["--known-at", "now"], 1, "--known-at: found 'now'; write an instant from 1900"),
        (["--member", "zoe"], 1, "there is no customer profile 'zoe'"),
        (["--member", ""], 1, "there is no customer profile ''"),
        (["--member", "zoe", "--format", "json"], 1, "there is no customer profile 'zoe'"),
        (["--member", "zoe", "--days", "3"], 1, "there is no customer profile 'zoe'"),
        (["--member", "ann", "--days", "0"], 1, "days: found 0; write a number from 1 to 31"),
        (["--member", "ann", "--days", "32"], 1, "days: found 32; write a number from 1 to 31"),
        (["--days", "3"], 2, "say whose with --member"),
        (["--totals", "--member", "ann"], 2, "they are over all members; omit --member"),
        (["--member", "ann", "--days", "3", "--known-at", "2026-01-01"], 2, "days go on from"),
        (["--program", "Groseries"], 1, "there is no loyalty program 'Groseries'; there are Gro"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    arguments: list[str], code: int, said: str, groceries: Tallystick
) -> None:
    refused = groceries(*ASK, *arguments)
    assert (refused.code, refused.out) == (code, "")
    assert said in refused.err
