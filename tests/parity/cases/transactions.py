"""Lists of transactions and of unused points, for shops and for managers."""

from typing import Any

from parity.cases.points import RICH_CAFE, RICH_MAIN, RICH_SHOP, invalid, missing, rich
from parity.harness import Call, Mark, Member, World, case
from parity.matching import ID, INSTANT, TEXT, UUID, Only
from services.harness import import_rows, new_name

MAIN = "getLoyaltyProgramProfileTransactions"
LEDGER = "getLoyaltyProgramProfileLedgerTransactions"
PROGRAM = "getLoyaltyProgramTransactions"
POINTS = "getLoyaltyProgramProfilePoints"


async def busy(world: World) -> Member:
    """A member with an import, an addition to a subledger, one on action, and a deduction."""
    ann = await world.member()
    world.move(seconds=1)
    await ann.add(10.5, name="Shop", subledgerId="shop", validityDuration="1D_U")
    world.move(seconds=1)
    await ann.add(3, name="Later", pendingDuration="on_action", validityDuration="30D")
    world.move(seconds=1)
    await ann.deduct(25, name="Mug")
    return ann


async def crowded(world: World) -> Member:
    """A member with 51 transactions, named 1 to 51."""
    ann = Member(world=world, program=await world.program(), name=new_name("crowd"))
    rows = [f"{ann.name},{number},{number}" for number in range(1, 52)]
    await import_rows(world.context, ann.program, *rows, header="customerprofileid,amount,reason")
    return ann


def told(member: Member, **more: Any) -> dict[str, Any]:
    """A transaction as it is told, with what differs."""
    return {
        "id": ID,
        "transactionUUID": UUID,
        "created": INSTANT,
        "programId": member.program.id,
        "type": "addition",
        "startDate": "immediate",
        "expiryDate": "unlimited",
        "subledgerId": "",
        **more,
    }


def mug(member: Member) -> dict[str, Any]:
    """The deduction."""
    created = "2026-06-15T12:00:03Z"
    return told(member, created=created, type="subtraction", name="Mug", amount=25)


def later(member: Member) -> dict[str, Any]:
    """The addition that waits."""
    return told(member, name="Later", amount=3, startDate="on_action", validityDuration="30D")


def shop(member: Member) -> dict[str, Any]:
    """The addition to the subledger."""
    expiry = "2026-06-16T23:59:59Z"
    return told(member, name="Shop", amount=10.5, subledgerId="shop", expiryDate=expiry)


def imported(member: Member) -> dict[str, Any]:
    """The first points."""
    return told(member, created="2026-06-15T12:00:00Z", name="", amount=100)


def path(operation: str, member: Member) -> dict[str, Any]:
    """What the path of a list names."""
    if operation == PROGRAM:
        return {"loyaltyProgramId": member.program.id}
    return member.arguments


def enter_pages(operation: str) -> None:
    """What each list tells."""
    source = "domain B1, B2, B4"

    @case(operation, "tells the newest first", Mark.DOCUMENTED, source)
    async def _(world: World) -> Call:
        ann = await busy(world)
        data = [mug(ann), later(ann), shop(ann), imported(ann)]
        return Call(arguments=path(operation, ann), answer={"hasMore": False, "data": data})

    @case(operation, "tells a page", Mark.DOCUMENTED, source)
    async def _(world: World) -> Call:
        ann = await busy(world)
        arguments = {**path(operation, ann), "pageSize": 2, "skip": 1}
        data = [later(ann), shop(ann)]
        return Call(arguments=arguments, answer={"hasMore": True, "data": data})

    @case(operation, "tells fifty if not asked", Mark.DOCUMENTED, "domain B0")
    async def _(world: World) -> Call:
        ann = await crowded(world)
        data = [{"name": str(number)} for number in range(51, 1, -1)]
        return Call(arguments=path(operation, ann), answer={"hasMore": True, "data": data})

    @case(operation, "does not find an unknown program", Mark.DOCUMENTED, "contract")
    async def _(world: World) -> Call:
        ann = await world.member()
        arguments = {**path(operation, ann), "loyaltyProgramId": 999_999}
        return Call(arguments=arguments, status=404, answer=missing())


def enter_filters(operation: str) -> None:
    """What each list can be asked for."""
    source = "domain B1, B2, B4"

    @case(operation, "tells one kind", Mark.DOCUMENTED, source)
    async def _(world: World) -> Call:
        ann = await busy(world)
        arguments = {**path(operation, ann), "loyaltyTransactionType": "import"}
        return Call(arguments=arguments, answer={"hasMore": False, "data": [imported(ann)]})

    @case(operation, "tells one subledger", Mark.DOCUMENTED, source)
    async def _(world: World) -> Call:
        ann = await busy(world)
        arguments = {**path(operation, ann), "subledgerId": "shop"}
        return Call(arguments=arguments, answer={"hasMore": False, "data": [shop(ann)]})

    @case(operation, "tells the main ledger by its empty name", Mark.DOCUMENTED, source)
    async def _(world: World) -> Call:
        ann = await busy(world)
        arguments = {**path(operation, ann), "subledgerId": ""}
        data = [mug(ann), later(ann), imported(ann)]
        return Call(arguments=arguments, answer={"hasMore": False, "data": data})

    @case(operation, "tells a span of time, its ends included", Mark.ASSUMED, "domain I-19")
    async def _(world: World) -> Call:
        ann = await busy(world)
        span = {"startDate": "2026-06-15T12:00:01+00:00", "endDate": "2026-06-15T12:00:02+00:00"}
        return Call(
            arguments={**path(operation, ann), **span},
            answer={"hasMore": False, "data": [later(ann), shop(ann)]},
        )


def enter_narrow_filters(operation: str) -> None:
    """What the newer clients can ask each list for."""

    @case(operation, "tells what awaits activation", Mark.DOCUMENTED, "domain B2")
    async def _(world: World) -> Call:
        ann = await busy(world)
        arguments = {**path(operation, ann), "awaitsActivation": True}
        return Call(arguments=arguments, answer={"hasMore": False, "data": [later(ann)]})

    @case(operation, "refuses to tell the rest", Mark.DOCUMENTED, "domain B2")
    async def _(world: World) -> Call:
        ann = await world.member()
        arguments = {**path(operation, ann), "awaitsActivation": False}
        answer = invalid(parameter="awaitsActivation")
        return Call(arguments=arguments, status=400, answer=answer)

    @case(
        operation,
        "tells those that are named",
        Mark.DOCUMENTED,
        "domain B2, B0 7",
    )
    async def _(world: World) -> Call:
        ann = await busy(world)
        uuids = [each["transactionUUID"] for each in await ann.transactions()]
        arguments = {**path(operation, ann), "transactionUUIDs": [uuids[0], uuids[2]]}
        return Call(arguments=arguments, answer={"hasMore": False, "data": [mug(ann), shop(ann)]})

    @case(
        operation,
        "tells those of sessions",
        Mark.DOCUMENTED,
        "domain B2, B0 7",
    )
    async def _(world: World) -> Call:
        ann = await busy(world)
        arguments = {**path(operation, ann), "customerSessionIDs": ["one", "two"]}
        return Call(arguments=arguments, answer={"hasMore": False, "data": []})


for each in (MAIN, LEDGER, PROGRAM):
    enter_pages(each)
    enter_filters(each)
    enter_narrow_filters(each)


@case(PROGRAM, "tells who and whose", Mark.DOCUMENTED, "domain B1", slot="manager_auth")
async def _(world: World) -> Call:
    ann = await world.member()
    arguments = {"loyaltyProgramId": ann.program.id}
    data = [{**imported(ann), "customerProfileId": ann.name, "importId": ID}]
    return Call(arguments=arguments, answer={"hasMore": False, "data": data})


# Managers' balances


@case("getLoyaltyLedgerBalances", "tells what shops are told", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    ann = await rich(world)
    return Call(
        arguments=ann.arguments,
        answer={
            "balance": Only(RICH_MAIN),
            "subledgerBalances": Only({"shop": Only(RICH_SHOP), "café": Only(RICH_CAFE)}),
        },
    )


@case("getLoyaltyLedgerBalances", "tells the main ledger alone", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    ann = await rich(world)
    arguments = {**ann.arguments, "subledgerId": "", "endDate": "2026-06-15T12:30:00+00:00"}
    balance = {**RICH_MAIN, "activePoints": 37, "spentPoints": 0, "expiredPoints": 0}
    return Call(arguments=arguments, answer=Only({"balance": balance}))


@case("getLoyaltyLedgerBalances", "does not find a profile", Mark.DOCUMENTED, "contract")
async def _(world: World) -> Call:
    program = await world.program()
    arguments = {"loyaltyProgramId": program.id, "integrationId": "nobody"}
    return Call(arguments=arguments, status=404, answer=missing())


# The ledger in full


LATER = {"type": "addition", "amount": 3, "name": "Later"}


def entry(member: Member, kind: str, amount: float) -> dict[str, Any]:
    """An entry of the main ledger; it has dates only where there are some."""
    return {
        "created": INSTANT,
        "programID": member.program.id,
        "customerProfileID": member.name,
        "type": kind,
        "amount": amount,
        "name": TEXT if kind == "subtraction" else "",
        "subLedgerID": "",
    }


@case("getLoyaltyPoints", "tells totals and entries", Mark.DOCUMENTED, "domain B4, A4, B0 11")
async def _(world: World) -> Call:
    ann = await busy(world)
    main = {
        "total": 75,
        "totalActivePoints": 75,
        "totalPendingPoints": 3,
        "totalSpentPoints": 25,
        "totalExpiredPoints": 0,
        "totalNegativePoints": 0,
    }
    return Call(
        arguments=ann.arguments,
        answer={
            "ledger": {
                **main,
                "transactions": [entry(ann, "subtraction", 25), LATER, entry(ann, "addition", 100)],
                "activePoints": [entry(ann, "addition", 75)],
                "pendingPoints": [LATER],
                "expiredPoints": [],
            },
            "subLedgers": Only({"shop": {"total": 10.5, "totalActivePoints": 10.5}}),
        },
    )


@case("getLoyaltyPoints", "does not find an unknown profile", Mark.ASSUMED, "domain B0")
async def _(world: World) -> Call:
    program = await world.program()
    arguments = {"loyaltyProgramId": program.id, "integrationId": "nobody"}
    return Call(arguments=arguments, status=404, answer=missing())


# What is unused


def unused(member: Member, **more: Any) -> dict[str, Any]:
    """An entry of unused points, with what differs."""
    found = told(member, **more)
    del found["type"]
    return found


@case(POINTS, "tells what remains active", Mark.ASSUMED, "domain B2, I-9")
async def _(world: World) -> Call:
    ann = await busy(world)
    data = [
        unused(
            ann, name="Shop", amount=10.5, subledgerId="shop", expiryDate="2026-06-16T23:59:59Z"
        ),
        unused(ann, name="", amount=75),
    ]
    return Call(arguments=ann.arguments, answer={"hasMore": False, "data": data})


@case(POINTS, "tells what is pending", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    ann = await busy(world)
    data = [unused(ann, name="Later", amount=3, startDate="on_action", validityDuration="30D")]
    arguments = {**ann.arguments, "status": "pending"}
    return Call(arguments=arguments, answer={"hasMore": False, "data": data})


@case(POINTS, "tells what has expired", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    ann = await busy(world)
    world.move(days=2)
    arguments = {**ann.arguments, "status": "expired", "pageSize": 10, "skip": 0}
    data = [{"name": "Shop", "amount": 10.5, "expiryDate": "2026-06-16T23:59:59Z"}]
    return Call(arguments=arguments, answer={"hasMore": False, "data": data})


@case(
    POINTS,
    "tells one subledger, sorted",
    Mark.DOCUMENTED,
    "domain B2",
)
async def _(world: World) -> Call:
    ann = await busy(world)
    await ann.add(1, name="Soon", subledgerId="shop", validityDuration="1h")
    arguments = {**ann.arguments, "subledgerId": "shop", "sort": "expiryDate"}
    data = [{"name": "Soon"}, {"name": "Shop"}]
    return Call(arguments=arguments, answer={"hasMore": False, "data": data})


@case(
    POINTS,
    "sorts backwards if asked",
    Mark.DOCUMENTED,
    "domain B2",
)
async def _(world: World) -> Call:
    ann = await busy(world)
    await ann.add(1, name="Soon", subledgerId="shop", validityDuration="1h")
    data = [{"name": ""}, {"name": "Shop"}, {"name": "Soon"}]
    return Call(
        arguments={**ann.arguments, "sort": "-expiryDate"}, answer={"hasMore": False, "data": data}
    )


@case(POINTS, "tells those that are named", Mark.DOCUMENTED, "domain B2, B0 7")
async def _(world: World) -> Call:
    ann = await busy(world)
    uuids = [each["transactionUUID"] for each in await ann.transactions()]
    arguments = {**ann.arguments, "transactionUUIDs": uuids[2:3]}
    return Call(arguments=arguments, answer={"hasMore": False, "data": [{"name": "Shop"}]})


@case(POINTS, "tells fifty if not asked", Mark.DOCUMENTED, "domain B0")
async def _(world: World) -> Call:
    ann = await crowded(world)
    data = [{"subledgerId": ""}] * 50
    return Call(arguments=ann.arguments, answer={"hasMore": True, "data": data})


# The dashboard


def point(date: str, **more: Any) -> dict[str, Any]:
    """A day of the dashboard, with what differs from a day without points."""
    zero = {
        "totalActivePoints": 0,
        "totalPendingPoints": 0,
        "totalSpentPoints": 0,
        "totalExpiredPoints": 0,
        "totalNegativePoints": 0,
        "totalMembers": 0,
        "newMembers": 0,
        "spentPoints": {"createdManually": 0, "createdViaRuleEngine": 0},
        "earnedPoints": {"createdManually": 0, "createdViaRuleEngine": 0},
    }
    return {"date": date, **zero, **more}


@case("getDashboardStatistics", "tells day by day without today", Mark.DOCUMENTED, "domain B1, B4")
async def _(world: World) -> Call:
    ann = await world.member()
    await ann.deduct(40)
    world.move(days=2)
    await ann.add(1)
    state = {
        "totalActivePoints": 60,
        "totalSpentPoints": 40,
        "totalMembers": 1,
    }
    return Call(
        arguments={
            "loyaltyProgramId": ann.program.id,
            "rangeStart": "2026-06-15T00:00:00+00:00",
            "rangeEnd": "2026-06-17T23:59:59+00:00",
        },
        answer={
            "totalResultSize": 2,
            "data": [
                point(
                    "2026-06-15T00:00:00Z",
                    **state,
                    newMembers=1,
                    spentPoints={"createdManually": 40, "createdViaRuleEngine": 0},
                    earnedPoints={"createdManually": 100, "createdViaRuleEngine": 0},
                ),
                point("2026-06-16T00:00:00Z", **state),
            ],
        },
    )


@case("getDashboardStatistics", "tells one subledger", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    ann = await busy(world)
    world.move(days=1)
    return Call(
        arguments={
            "loyaltyProgramId": ann.program.id,
            "rangeStart": "2026-06-15T00:00:00+00:00",
            "rangeEnd": "2026-06-16T00:00:00+00:00",
            "subledgerId": "shop",
        },
        answer={"totalResultSize": 1, "data": [{"totalActivePoints": 10.5}]},
    )


@case("getDashboardStatistics", "wants both ends of the time", Mark.DOCUMENTED, "contract",
      refuses={"python26": "range_end", "python9": "range_end"})  # fmt: skip
async def _(world: World) -> Call:
    program = await world.program()
    arguments = {"loyaltyProgramId": program.id, "rangeStart": "2026-06-15T00:00:00+00:00"}
    return Call(arguments=arguments, status=400, answer=invalid(parameter="rangeEnd"))


@case("getLoyaltyStatistics", "tells the program as a whole", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    ann = await world.member()
    world.move(days=1)
    return Call(
        arguments={"loyaltyProgramId": ann.program.id},
        answer={"date": INSTANT, "totalActivePoints": 100, "totalMembers": 1},
    )
