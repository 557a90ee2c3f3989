"""Reading a member's balances."""

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import BalancesBody, balance_body, instant_in
from tallystick.core.balances import Balance
from tallystick.edges.transactions import Instant
from tallystick.services.balances import member_balances


class BalancesQuery(msgspec.Struct):
    """At which instant, and of which ledger. `asKnownAt` is ours."""

    endDate: Instant | None = None
    subledgerId: str | None = None
    includeTiers: bool = False
    includeProjectedTier: bool = False
    asKnownAt: Instant | None = None


async def get_balances(call: Call[BalancesQuery, Nothing]) -> BalancesBody:
    """Balances of a member's ledgers at any instant, now if none is given.

    Source: decision I-20 for what a subledger parameter leaves out.
    """
    query = call.query
    program = await call.profile_program()
    balances = await member_balances(
        call.context,
        program,
        call.integration_id(),
        at=instant_in(query.endDate, "endDate"),
        known_at=instant_in(query.asKnownAt, "asKnownAt"),
    )
    bodies = {name: balance_body(balance) for name, balance in balances.items()}
    main = bodies.pop("")
    if query.subledgerId is None:
        return BalancesBody(balance=main, subledgerBalances=bodies)
    if not query.subledgerId:
        return BalancesBody(balance=main)
    name = query.subledgerId
    return BalancesBody(subledgerBalances={name: bodies.get(name, balance_body(Balance()))})
