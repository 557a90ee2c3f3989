"""The ledgers of a program tell what they held when yesterday ended, once that is stored."""

from datetime import timedelta

from services.harness import NOW, Clock, import_rows, new_program
from tallystick.core.dashboard import Holding
from tallystick.core.points import ZERO, Points
from tallystick.services.closing import close_days
from tallystick.services.context import Context
from tallystick.services.subledgers import list_ledgers

HEADER = "customerprofileid,amount,subledgerid"
NOTHING = Holding(active=ZERO, pending=ZERO, members=0)


async def test_ledgers_are_listed_by_name_after_the_main_one(shared: Context) -> None:
    program = await new_program(shared)
    await import_rows(shared, program, "ann,10,shop", "bob,20,air", header=HEADER)
    found = await list_ledgers(shared, program)
    assert [ledger.name for ledger in found.ledgers] == ["", "air", "shop"]
    assert found.subledgers == ["air", "shop"]
    assert {ledger.holding for ledger in found.ledgers} == {NOTHING}  # there was none yesterday


async def test_a_day_is_told_once_it_is_stored(shared: Context, clock: Clock) -> None:
    program = await new_program(shared)
    clock.now = NOW - timedelta(days=1)
    await import_rows(shared, program, "dan,10,", "eve,20,air", "flo,5,air", header=HEADER)
    clock.now = NOW
    unknown = await list_ledgers(shared, program)
    assert [ledger.holding for ledger in unknown.ledgers] == [None, None]
    await close_days(shared)
    known = await list_ledgers(shared, program)
    assert [ledger.holding for ledger in known.ledgers] == [
        Holding(active=Points(10_00), pending=ZERO, members=1),
        Holding(active=Points(25_00), pending=ZERO, members=2),
    ]
