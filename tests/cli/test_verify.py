"""`tallystick verify`."""

import asyncio
import json

import pytest

from cli.harness import Tallystick, opened
from tallystick.services.verify import CHECKS

CHECK = "remaining_is_amount_less_allocations"


@pytest.fixture
def spoiled(groceries: Tallystick, owner_url: str) -> Tallystick:
    """Books in which one lot has a hundredth less than it should."""

    async def spoil() -> None:
        async with opened(owner_url) as context, context.database.transaction() as tx:
            await tx.execute("UPDATE lot SET remaining = remaining - 1 WHERE amount = 5000")

    asyncio.run(spoil())
    return groceries


def test_good_books_hold(groceries: Tallystick) -> None:
    told = groceries("verify")
    assert told.code == 0
    assert told.out == "".join(f"holds  {check}\n" for check in CHECKS)
    assert told.err == f"All {len(CHECKS)} checks hold.\n"


def test_spoiled_books_end_with_1_and_the_rows(spoiled: Tallystick) -> None:
    told = spoiled("verify")
    assert told.code == 1
    lines = told.out.splitlines()
    row = json.loads(lines[lines.index(f"broken  {CHECK}") + 1])
    assert (row["amount"], row["remaining"], row["allocated"]) == (5000, 4999, 0)
    assert lines.count(f"broken  {CHECK}") == 1
    assert told.err == f"1 of {len(CHECKS)} checks found rows that break them.\n"


def test_json_tells_each_check_and_its_offenders(spoiled: Tallystick) -> None:
    told = spoiled("verify", "--json")
    assert told.code == 1
    findings = {row["check"]: row["offenders"] for row in json.loads(told.out)}
    assert list(findings) == list(CHECKS)
    assert [check for check, offenders in findings.items() if offenders] == [CHECK]
