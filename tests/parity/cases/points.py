"""Points of a member: adding, deducting, balances, and what a refusal looks like."""

from typing import Any

from parity.harness import Call, Mark, Member, World, case
from parity.matching import TEXT, Only, has
from services.harness import new_name
from tallystick.core.programs import ReturnPolicy

ZERO: dict[str, int] = {
    "activePoints": 0,
    "pendingPoints": 0,
    "spentPoints": 0,
    "expiredPoints": 0,
    "negativePoints": 0,
}
POINTS_MAX = 999_999_999_999.99


def invalid(**source: str) -> dict[str, Any]:
    """A refusal of something that was sent: where it stands, in the contract's spelling."""
    return {"message": TEXT, "errors": [{"title": TEXT, "source": source}], "StatusCode": 400}


def missing() -> dict[str, Any]:
    """A refusal because what the path names is not there."""
    return {"message": TEXT, "StatusCode": 404}


def changes(member: Member, **balance: float) -> Any:
    """What looks whether the balance of the main ledger is this."""

    async def then() -> None:
        assert await member.balance() == balance

    return then


# Adding


@case("addLoyaltyPoints", "adds with nothing but points", Mark.VERIFIED, "domain B4, A5")
async def _(world: World) -> Call:
    ann = await world.member()
    then = changes(ann, active=112.5)
    return Call(arguments=ann.arguments, body={"points": 12.5}, status=204, then=then)


@case("addLoyaltyPoints", "takes every member of its body", Mark.DOCUMENTED, "domain A5")
async def _(world: World) -> Call:
    ann = await world.member()
    body = {
        "points": 20,
        "name": "Welcome",
        "subledgerId": "shop",
        "pendingDuration": "1D",
        "validityDuration": "30D",
    }

    async def then() -> None:
        [newest, _] = await ann.transactions()
        assert newest["startDate"] == "2026-06-16T12:00:00Z"
        assert newest["expiryDate"] == "2026-07-16T12:00:00Z"
        assert (newest["name"], newest["subledgerId"], newest["amount"]) == ("Welcome", "shop", 20)

    return Call(arguments=ann.arguments, body=body, status=204, then=then)


@case(
    "addLoyaltyPoints",
    "takes instants for start and expiry",
    Mark.DOCUMENTED,
    "domain A5",
)
async def _(world: World) -> Call:
    ann = await world.member()
    body = {
        "points": 20,
        "pendingUntil": "2026-07-01T00:00:00Z",
        "validUntil": "2026-08-01T00:00:00+02:00",
    }

    async def then() -> None:
        [newest, _] = await ann.transactions()
        assert newest["startDate"] == "2026-07-01T00:00:00Z"
        assert newest["expiryDate"] == "2026-07-31T22:00:00Z"

    return Call(arguments=ann.arguments, body=body, status=204, then=then)


@case("addLoyaltyPoints", "takes the largest amount", Mark.DOCUMENTED, "domain A14")
async def _(world: World) -> Call:
    ann = await world.member("0.01", allow_subledger=True)
    body = {"points": POINTS_MAX, "subledgerId": "large"}
    return Call(arguments=ann.arguments, body=body, status=204)


@case("addLoyaltyPoints", "refuses zero", Mark.ASSUMED, "domain I-14, B0 14",
      refuses={"python9": "must be a value greater than `0`"})  # fmt: skip
async def _(world: World) -> Call:
    ann = await world.member()
    answer = invalid(pointer="/points")
    then = changes(ann, active=100)
    return Call(arguments=ann.arguments, body={"points": 0}, status=400, answer=answer, then=then)


@case("addLoyaltyPoints", "refuses a third decimal", Mark.ASSUMED, "domain I-13")
async def _(world: World) -> Call:
    ann = await world.member()
    answer = invalid(pointer="/points")
    return Call(arguments=ann.arguments, body={"points": 1.005}, status=400, answer=answer)


@case("addLoyaltyPoints", "refuses both of a pair", Mark.DOCUMENTED, "domain A5")
async def _(world: World) -> Call:
    ann = await world.member()
    body = {"points": 1, "validityDuration": "1D", "validUntil": "2026-08-01T00:00:00Z"}
    answer = {"errors": [{"title": TEXT}], "StatusCode": 400}
    return Call(arguments=ann.arguments, body=body, status=400, answer=answer)


@case(
    "addLoyaltyPoints",
    "refuses a subledger where the program has none",
    Mark.ASSUMED,
    "domain I-23",
)
async def _(world: World) -> Call:
    ann = await world.member(allow_subledger=False)
    body = {"points": 1, "subledgerId": "shop"}
    answer = invalid(pointer="/subledgerId")
    return Call(arguments=ann.arguments, body=body, status=400, answer=answer)


@case("addLoyaltyPoints", "does not find an unknown profile", Mark.ASSUMED, "domain I-21")
async def _(world: World) -> Call:
    program = await world.program()
    arguments = {"loyaltyProgramId": program.id, "integrationId": new_name("nobody")}
    return Call(arguments=arguments, body={"points": 1}, status=404, answer=missing())


@case("addLoyaltyPoints", "does not find an unknown program", Mark.DOCUMENTED, "contract")
async def _(world: World) -> Call:
    ann = await world.member()
    arguments = {**ann.arguments, "loyaltyProgramId": 999_999}
    return Call(arguments=arguments, body={"points": 1}, status=404, answer=missing())


# Deducting


@case("removeLoyaltyPoints", "deducts active points", Mark.VERIFIED, "domain B4")
async def _(world: World) -> Call:
    ann = await world.member()
    body = {"points": 40.25, "name": "Mug"}
    then = changes(ann, active=59.75, spent=40.25)
    return Call(arguments=ann.arguments, body=body, status=204, then=then)


@case("removeLoyaltyPoints", "refuses more than is active", Mark.ASSUMED, "domain I-15, A6")
async def _(world: World) -> Call:
    ann = await world.member()
    await ann.add(50, pendingDuration="1D")
    answer = invalid(pointer="/points")
    then = changes(ann, active=100, pending=50)
    return Call(
        arguments=ann.arguments, body={"points": 100.01}, status=400, answer=answer, then=then
    )


@case("removeLoyaltyPoints", "goes below zero where that is allowed", Mark.DOCUMENTED, "domain A7")
async def _(world: World) -> Call:
    ann = await world.member("50", return_policy=ReturnPolicy.UNLIMITED)

    async def then() -> None:
        assert await ann.balance() == {"spent": 50, "negative": 20}
        [debt, taken, _] = await ann.transactions()
        assert (taken["amount"], "flags" in taken) == (50, False)
        assert (debt["amount"], debt["flags"]) == (20, {"createsNegativeBalance": True})

    return Call(arguments=ann.arguments, body={"points": 70}, status=204, then=then)


@case("removeLoyaltyPoints", "takes from the subledger alone", Mark.DOCUMENTED, "domain A6, A9")
async def _(world: World) -> Call:
    ann = await world.member()
    await ann.add(10, subledgerId="shop")
    body = {"points": 10, "subledgerId": "shop"}
    return Call(arguments=ann.arguments, body=body, status=204, then=changes(ann, active=100))


# Balances


async def rich(world: World) -> Member:
    """A member with points in every state, and in a subledger."""
    ann = await world.member("30", return_policy=ReturnPolicy.UNLIMITED)
    await ann.add(7, validUntil="2026-06-15T13:00:00Z")
    await ann.add(5.5, pendingDuration="1D")
    await ann.add(3, pendingDuration="on_action")
    await ann.add(20, subledgerId="shop")
    await ann.deduct(21, subledgerId="shop")
    await ann.add(2, subledgerId="café")
    world.move(hours=2)
    await ann.deduct(10)
    return ann


RICH_MAIN = {
    **ZERO,
    "activePoints": 20,
    "pendingPoints": 8.5,
    "spentPoints": 10,
    "expiredPoints": 7,
}
RICH_SHOP = {**ZERO, "spentPoints": 20, "negativePoints": 1}
RICH_CAFE = {**ZERO, "activePoints": 2}


@case("getLoyaltyBalances", "tells every ledger with its five states", Mark.DOCUMENTED, "domain B1")
async def _(world: World) -> Call:
    ann = await rich(world)
    return Call(
        arguments=ann.arguments,
        answer={
            "balance": Only(RICH_MAIN),
            "subledgerBalances": Only({"shop": Only(RICH_SHOP), "café": Only(RICH_CAFE)}),
        },
    )


@case("getLoyaltyBalances", "tells one subledger if asked", Mark.ASSUMED, "domain I-20")
async def _(world: World) -> Call:
    ann = await rich(world)
    return Call(
        arguments={**ann.arguments, "subledgerId": "shop"},
        answer=Only({"subledgerBalances": Only({"shop": RICH_SHOP})}),
    )


@case("getLoyaltyBalances", "tells the main ledger by its empty name", Mark.ASSUMED, "domain I-20")
async def _(world: World) -> Call:
    ann = await rich(world)
    return Call(arguments={**ann.arguments, "subledgerId": ""}, answer=Only({"balance": RICH_MAIN}))


@case("getLoyaltyBalances", "tells zero of an unknown subledger", Mark.ASSUMED, "domain I-20")
async def _(world: World) -> Call:
    ann = await world.member()
    return Call(
        arguments={**ann.arguments, "subledgerId": "attic"},
        answer=Only({"subledgerBalances": Only({"attic": ZERO})}),
    )


@case("getLoyaltyBalances", "looks back and ahead", Mark.DOCUMENTED, "domain A4")
async def _(world: World) -> Call:
    ann = await rich(world)
    return Call(
        arguments={**ann.arguments, "endDate": "2026-06-16T12:00:00+00:00", "subledgerId": ""},
        answer={"balance": {**RICH_MAIN, "activePoints": 25.5, "pendingPoints": 3}},
    )


@case("getLoyaltyBalances", "takes the wish for tiers", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    ann = await world.member()
    return Call(
        arguments={**ann.arguments, "includeTiers": True, "includeProjectedTier": True},
        answer={"balance": {**ZERO, "activePoints": 100}},
    )


@case("getLoyaltyBalances", "does not find an unknown profile", Mark.DOCUMENTED, "contract")
async def _(world: World) -> Call:
    program = await world.program()
    arguments = {"loyaltyProgramId": program.id, "integrationId": "nobody"}
    return Call(arguments=arguments, status=404, answer=missing())


@case("getLoyaltyBalances", "does not find an unknown program", Mark.DOCUMENTED, "contract")
async def _(world: World) -> Call:
    ann = await world.member()
    arguments = {**ann.arguments, "loyaltyProgramId": 999_999}
    return Call(arguments=arguments, status=404, answer=missing())


# Activating


@case("activateLoyaltyPoints", "activates by transaction", Mark.DOCUMENTED, "domain B2, A5")
async def _(world: World) -> Call:
    ann = await world.member()
    await ann.add(20, pendingDuration="on_action", validityDuration="30D", name="Gift")
    [gift, _] = await ann.transactions()
    world.move(hours=1)
    return Call(
        arguments={"loyaltyProgramId": ann.program.id},
        body={"transactionUUIDs": [gift["transactionUUID"]]},
        answer={
            "ledgerEntries": [
                {
                    "created": TEXT,
                    "programID": ann.program.id,
                    "customerProfileID": ann.name,
                    "type": "addition",
                    "amount": 20,
                    "startDate": "2026-06-15T13:00:00Z",
                    "expiryDate": "2026-07-15T13:00:00Z",
                    "name": "Gift",
                    "subLedgerID": "",
                }
            ]
        },
        then=changes(ann, active=120),
    )


@case("activateLoyaltyPoints", "wants one of its two members", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    ann = await world.member()
    answer = {"errors": has({"title": TEXT}), "StatusCode": 400}
    return Call(arguments={"loyaltyProgramId": ann.program.id}, body={}, status=400, answer=answer)


@case("activateLoyaltyPoints", "does not find an unknown program", Mark.DOCUMENTED, "contract")
async def _(world: World) -> Call:
    return Call(
        arguments={"loyaltyProgramId": 999_999},
        body={"transactionUUIDs": ["00000000-0000-7000-8000-000000000000"]},
        status=404,
        answer=missing(),
    )


@case("activateLoyaltyPoints", "wants only one of them", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    ann = await world.member()
    body = {"sessionId": "s", "transactionUUIDs": ["00000000-0000-7000-8000-000000000000"]}
    answer = {"errors": has({"title": TEXT}), "StatusCode": 400}
    arguments = {"loyaltyProgramId": ann.program.id}
    return Call(arguments=arguments, body=body, status=400, answer=answer)


@case("activateLoyaltyPoints", "does not find unknown transactions", Mark.ASSUMED, "contract")
async def _(world: World) -> Call:
    ann = await world.member()
    body = {"transactionUUIDs": ["00000000-0000-7000-8000-000000000000"]}
    arguments = {"loyaltyProgramId": ann.program.id}
    return Call(arguments=arguments, body=body, status=404, answer=missing())


@case("activateLoyaltyPoints", "does not find an unknown session", Mark.ASSUMED, "contract")
async def _(world: World) -> Call:
    ann = await world.member()
    arguments = {"loyaltyProgramId": ann.program.id}
    return Call(arguments=arguments, body={"sessionId": "nope"}, status=404, answer=missing())


# Taking back


@case("deleteLoyaltyTransactionsFromLedgers", "empties every ledger", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    ann = await rich(world)

    async def then() -> None:
        assert await ann.transactions() == []
        assert await ann.balance() == {}

    return Call(arguments=ann.arguments, body={"scope": "AllSubledgers"}, status=204, then=then)


@case(
    "deleteLoyaltyTransactionsFromLedgers",
    "empties the ledgers that are named",
    Mark.DOCUMENTED,
    "domain B2",
)
async def _(world: World) -> Call:
    ann = await rich(world)

    async def then() -> None:
        found = {each["subledgerId"] for each in await ann.transactions()}
        assert found == {"café"}

    body = {"scope": "SelectedSubledgers", "subledgerIds": ["", "shop"]}
    return Call(arguments=ann.arguments, body=body, status=204, then=then)


@case(
    "deleteLoyaltyTransactionsFromLedgers",
    "wants the names of those that are selected",
    Mark.DOCUMENTED,
    "domain B2",
)
async def _(world: World) -> Call:
    ann = await world.member()
    body = {"scope": "SelectedSubledgers"}
    answer = invalid(pointer="/subledgerIds")
    return Call(arguments=ann.arguments, body=body, status=400, answer=answer)


# Joining


@case("joinLoyaltyProgram", "makes the profile and the member", Mark.DOCUMENTED, "domain A11, B2")
async def _(world: World) -> Call:
    program = await world.program()
    arguments = {"loyaltyProgramId": program.id, "integrationId": new_name("newcomer")}

    async def then() -> None:
        told = await world.done("getLoyaltyBalances", arguments)
        assert told["balance"] == ZERO

    return Call(arguments=arguments, then=then)


@case("joinLoyaltyProgram", "refuses to join twice", Mark.DOCUMENTED, "domain A11")
async def _(world: World) -> Call:
    ann = await world.member()
    await world.done("joinLoyaltyProgram", ann.arguments)
    return Call(arguments=ann.arguments, status=400, answer={"StatusCode": 400})


@case("joinLoyaltyProgram", "does not find an unknown program", Mark.DOCUMENTED, "contract")
async def _(world: World) -> Call:
    arguments = {"loyaltyProgramId": 999_999, "integrationId": "ann"}
    return Call(arguments=arguments, status=404, answer=missing())
