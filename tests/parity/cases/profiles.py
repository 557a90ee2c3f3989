"""Customer profiles: what shops keep of them, and how managers find them."""

from typing import Any

from parity.cases.points import invalid, missing, rich
from parity.harness import Call, Mark, World, case
from parity.matching import ID, INSTANT, LIST, OBJECT, Only
from services.harness import new_name
from tallystick.core.programs import JoinPolicy


def profile(name: str, **more: Any) -> dict[str, Any]:
    """A profile as it is told, with what differs."""
    return {
        "id": ID,
        "created": INSTANT,
        "integrationId": name,
        "attributes": {},
        "accountId": ID,
        "closedSessions": 0,
        "totalSales": 0,
        "lastActivity": INSTANT,
        **more,
    }


def info(current: float, **more: float) -> dict[str, float]:
    """A ledger of the inventory: no session is open, so what is tentative is what is."""
    found = {"pendingBalance": 0.0, "negativeBalance": 0.0, **more}
    return {
        "currentBalance": current,
        "expiredBalance": 0,
        "spentBalance": 0,
        "tentativeCurrentBalance": current,
        "tentativePendingBalance": found["pendingBalance"],
        "tentativeNegativeBalance": found["negativeBalance"],
        **found,
    }


def name() -> str:
    """A name that no profile has, with what has to be written otherwise in a path."""
    return new_name("zoë/ann")


# Writing one profile


@case("updateCustomerProfileV2", "makes a profile", Mark.DOCUMENTED, "domain B2, B0 11")
async def _(world: World) -> Call:
    zoe = name()

    async def then() -> None:
        found = await world.done("getCustomerInventory", {"integrationId": zoe, "profile": True})
        assert found["profile"]["attributes"] == {"Language": "fr", "Visits": 3}

    return Call(
        arguments={"integrationId": zoe},
        body={
            "attributes": {"Language": "fr", "Visits": 3},
            "responseContent": ["customerProfile"],
        },
        answer={
            "customerProfile": profile(zoe, attributes={"Language": "fr", "Visits": 3}),
            "effects": [],
            "createdCoupons": [],
            "createdReferrals": [],
        },
        then=then,
    )


@case("updateCustomerProfileV2", "answers with what is asked for", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    answer: dict[str, Any] = {"effects": [], "createdCoupons": [], "createdReferrals": []}
    return Call(arguments={"integrationId": name()}, body={"attributes": {}}, answer=Only(answer))


@case("updateCustomerProfileV2", "changes the attributes that are named", Mark.DOCUMENTED,
      "contract")  # fmt: skip
async def _(world: World) -> Call:
    zoe = name()
    before = {"attributes": {"Language": "fr", "City": "Lyon"}}
    await world.done("updateCustomerProfileV2", {"integrationId": zoe}, before)
    return Call(
        arguments={"integrationId": zoe, "runRuleEngine": False},
        body={"attributes": {"Language": "de"}, "responseContent": ["customerProfile"]},
        answer={"customerProfile": profile(zoe, attributes={"Language": "de", "City": "Lyon"})},
    )


@case("updateCustomerProfileV2", "removes what is null", Mark.ASSUMED, "contract")
async def _(world: World) -> Call:
    zoe = name()
    before = {"attributes": {"Language": "fr", "City": "Lyon"}}
    await world.done("updateCustomerProfileV2", {"integrationId": zoe}, before)

    async def then() -> None:
        found = await world.done("getCustomerInventory", {"integrationId": zoe, "profile": True})
        assert found["profile"]["attributes"] == {"City": "Lyon"}

    body = {"attributes": {"Language": None}}
    return Call(arguments={"integrationId": zoe}, body=body, then=then, answer={"effects": []})


@case("updateCustomerProfileV2", "tells all that there is", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    ann = await rich(world)
    parts = ["customerProfile", "loyalty", "triggeredCampaigns", "awardedGiveaways"]
    programs = {str(ann.program.id): {"ledger": info(20, pendingBalance=8.5)}}
    return Call(
        arguments={"integrationId": ann.name, "runRuleEngine": True},
        body={"attributes": {}, "responseContent": parts},
        answer={
            "customerProfile": profile(ann.name),
            "loyalty": {"programs": programs},
            "effects": [],
        },
    )


@case("updateCustomerProfileV2", "refuses attributes that are none", Mark.DOCUMENTED, "contract",
      refuses={"python26": "attributes"})  # fmt: skip
async def _(world: World) -> Call:
    answer = invalid(pointer="/attributes")
    body = {"attributes": "none"}
    return Call(arguments={"integrationId": name()}, body=body, status=400, answer=answer)


# Writing many


@case("updateCustomerProfilesV2", "says nothing by itself", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    names = [name(), name()]

    async def then() -> None:
        for each in names:
            found = await world.done(
                "getCustomerInventory", {"integrationId": each, "profile": True}
            )
            assert found["profile"]["attributes"] == {"Language": "fr"}

    profiles = [{"integrationId": each, "attributes": {"Language": "fr"}} for each in names]
    return Call(arguments={}, body={"customerProfiles": profiles}, status=204, then=then)


@case("updateCustomerProfilesV2", "tells the profiles if asked", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    names = [name(), name()]
    return Call(
        arguments={"silent": "no"},
        body={"customerProfiles": [{"integrationId": each} for each in names]},
        answer={"integrationStates": [{"customerProfile": profile(each)} for each in names]},
    )


@case("updateCustomerProfilesV2", "takes no more than a thousand", Mark.DOCUMENTED, "domain H")
async def _(world: World) -> Call:
    profiles = [{"integrationId": f"one of many {number}"} for number in range(1_001)]
    answer = invalid(pointer="/customerProfiles")
    body = {"customerProfiles": profiles}
    return Call(arguments={}, body=body, status=400, answer=answer)


# Reading


@case("getCustomerInventory", "tells the profile and its programs", Mark.DOCUMENTED, "domain B1")
async def _(world: World) -> Call:
    ann = await rich(world)
    program = ann.program
    told = {
        "id": program.id,
        "title": program.settings.title,
        "name": program.settings.name,
        "ledger": info(20, pendingBalance=8.5),
        "subLedgers": {"shop": info(0, negativeBalance=1), "café": info(2)},
    }
    return Call(
        arguments={"integrationId": ann.name, "profile": True, "loyalty": True},
        answer={
            "profile": profile(ann.name),
            "loyalty": {"programs": Only({str(program.id): told})},
        },
    )


@case("getCustomerInventory", "tells when somebody joined", Mark.DOCUMENTED, "domain A11, A13")
async def _(world: World) -> Call:
    ann = await world.member(join_policy=JoinPolicy.POINTS_EARNED, timezone="Europe/Berlin")
    joined = "2026-06-15T14:00:00+02:00"
    return Call(
        arguments={"integrationId": ann.name, "loyalty": True},
        answer={"loyalty": {"programs": {str(ann.program.id): {"joinDate": joined}}}},
    )


@case("getCustomerInventory", "tells only what is asked for", Mark.DOCUMENTED, "domain B2")
async def _(world: World) -> Call:
    ann = await world.member()
    return Call(arguments={"integrationId": ann.name}, answer=Only({}))


@case("getCustomerInventory", "has nothing of what there is none", Mark.ASSUMED, "domain B2")
async def _(world: World) -> Call:
    ann = await world.member()
    asked = ("referrals", "coupons", "giveaways")
    return Call(
        arguments={"integrationId": ann.name, **dict.fromkeys(asked, True)},
        answer=Only({each: [] for each in asked}),
    )


@case("getCustomerInventory", "does not find an unknown profile", Mark.DOCUMENTED, "contract")
async def _(world: World) -> Call:
    arguments = {"integrationId": "nobody", "profile": True}
    return Call(arguments=arguments, status=404, answer=missing())


# Forgetting


@case("deleteCustomerData", "forgets the person", Mark.DOCUMENTED, "domain A17, B2")
async def _(world: World) -> Call:
    ann = await world.member()

    async def then() -> None:
        answer = await world.ask("getCustomerInventory", {"integrationId": ann.name})
        assert answer.status_code == 404

    return Call(arguments={"integrationId": ann.name}, status=204, then=then)


@case("deleteCustomerData", "lets the name begin anew", Mark.ASSUMED, "domain A17")
async def _(world: World) -> Call:
    ann = await world.member()

    async def then() -> None:
        await world.done("updateCustomerProfileV2", {"integrationId": ann.name}, {})
        assert await ann.balance() == {}
        assert await ann.transactions() == []

    return Call(arguments={"integrationId": ann.name}, status=204, then=then)


@case("deleteCustomerData", "does not find an unknown profile", Mark.DOCUMENTED, "contract")
async def _(world: World) -> Call:
    return Call(arguments={"integrationId": "nobody"}, status=404, answer=missing())


# Managers


async def known(world: World) -> dict[str, Any]:
    """A profile that a shop has made, as it is told."""
    body = {"attributes": {"Language": "fr"}, "responseContent": ["customerProfile"]}
    found = await world.done("updateCustomerProfileV2", {"integrationId": name()}, body)
    told: dict[str, Any] = found["customerProfile"]
    return told


def plainly(told: dict[str, Any]) -> dict[str, Any]:
    """What a manager is told of it."""
    return profile(told["integrationId"], id=told["id"], attributes={"Language": "fr"})


async def how_many(world: World) -> int:
    """How many profiles there are; nobody else makes any meanwhile."""
    count = 0
    while True:
        page = await world.done("getCustomerProfiles", {"pageSize": 1000, "skip": count})
        count += len(page["data"])
        if not page["hasMore"]:
            return count


@case("getCustomerProfiles", "tells a page without a total", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    ann = await world.member()
    answer = {"hasMore": False, "data": [profile(ann.name)]}
    return Call(arguments={"pageSize": 10, "skip": await how_many(world) - 1}, answer=answer)


@case("getCustomerProfiles", "tells whether there is more", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    await world.member()
    await world.member()
    return Call(arguments={"pageSize": 1}, answer={"hasMore": True, "data": LIST})


@case("getCustomerProfiles", "keeps sandbox and live apart", Mark.DOCUMENTED, "domain A16, B0 6")
async def _(world: World) -> Call:
    await world.member()
    return Call(arguments={"sandbox": True}, answer={"hasMore": False, "data": []})


@case("getCustomerProfile", "finds by the internal id", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    told = await known(world)
    return Call(arguments={"customerId": told["id"]}, answer=plainly(told))


@case("getCustomerProfile", "does not find an unknown id", Mark.ASSUMED, "domain B0")
async def _(world: World) -> Call:
    return Call(arguments={"customerId": 999_999_999}, status=404, answer=missing())


@case("getApplicationCustomers", "finds by integration id", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    told = await known(world)
    application = await world.application()
    arguments = {
        "applicationId": application["id"],
        "integrationId": told["integrationId"],
        "withTotalResultSize": True,
    }
    data = [plainly(told)]
    return Call(arguments=arguments, answer={"totalResultSize": 1, "data": data})


@case("getApplicationCustomer", "finds by the internal id", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    told = await known(world)
    application = await world.application()
    arguments = {"applicationId": application["id"], "customerId": told["id"]}
    return Call(arguments=arguments, answer=plainly(told))


# Searching


@case("getCustomersByAttributes", "finds by attributes", Mark.DOCUMENTED, "domain B4; clients")
async def _(world: World) -> Call:
    told = await known(world)
    await world.done(
        "updateCustomerProfileV2",
        {"integrationId": told["integrationId"]},
        {"attributes": {"Card": told["integrationId"]}},
    )
    found = profile(told["integrationId"], id=told["id"])
    return Call(
        arguments={"pageSize": 10, "skip": 0},
        body={"attributes": {"Card": told["integrationId"], "Language": "fr"}},
        answer={"hasMore": False, "data": [{**found, "attributes": OBJECT}]},
    )


@case("getCustomersByAttributes", "finds by ids", Mark.DOCUMENTED, "domain B4; clients")
async def _(world: World) -> Call:
    one, other = await known(world), await known(world)
    return Call(
        arguments={},
        body={"integrationIDs": [one["integrationId"], other["integrationId"], "nobody"]},
        answer={"hasMore": False, "data": [plainly(one), plainly(other)]},
    )


@case("getApplicationCustomersByAttributes", "finds by ids", Mark.DOCUMENTED, "domain B4; clients")
async def _(world: World) -> Call:
    told = await known(world)
    application = await world.application()
    return Call(
        arguments={"applicationId": application["id"], "withTotalResultSize": True},
        body={"profileIDs": [told["id"]]},
        answer={"totalResultSize": 1, "data": [plainly(told)]},
    )
