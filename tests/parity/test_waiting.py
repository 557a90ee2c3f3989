"""Where a program lets changes wait for a second person, each official client takes the 202."""

from typing import Any

import pytest

from parity.clients import Client
from parity.contract import operations
from parity.coverage import ROWS
from parity.harness import Member, World
from tallystick.core.approvals import FourEyes
from tallystick.core.points import Points
from tallystick.services.four_eyes import set_four_eyes

ALL_WAITS = FourEyes(imports_wait=True, points_from=Points(1))
WAIT = ("addLoyaltyPoints", "removeLoyaltyPoints", "importLoyaltyPoints", "importLoyaltyJoinDates")
CALLS = [(operation, name) for operation in WAIT for name in ROWS[operation].clients]


def arguments_of(operation: str, ann: Member) -> dict[str, Any]:
    """What the operation is called with."""
    if operation.startswith("import"):
        columns, value = ("newjoindate", "2020-01-01T00:00:00Z")
        if operation == "importLoyaltyPoints":
            columns, value = "amount", "5"
        text = f"customerprofileid,{columns}\n{ann.name},{value}\n"
        return {"arguments": {"loyaltyProgramId": ann.program.id, "upFile": text}}
    return {"arguments": ann.arguments, "body": {"points": 4}}


@pytest.mark.parametrize(("operation", "client"), CALLS)
async def test_a_client_takes_the_answer_that_it_waits(
    world: World, clients: dict[str, Client], operation: str, client: str
) -> None:
    ann = await world.member()
    await set_four_eyes(world.context, None, ann.program.id, ALL_WAITS)
    told = await clients[client].call(
        operations()[operation],
        host=world.host,
        keys={"manager_auth": world.keys["manager_auth"]},
        **arguments_of(operation, ann),
    )
    assert "ok" in told, told
    if operation.startswith("import") and client != "python26":  # which returns nothing of a 202
        assert told["ok"]["amount"] == 0
    assert await ann.balance() == {"active": 100}
