"""`getLoyaltyProgramProfilePoints`: what is left of a member's points, addition by addition."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from api.harness import Api, Member, exact, program_path, refusal
from services.harness import NOW, import_rows
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import ReturnPolicy
from tallystick.core.transactions import Kind, Source
from tallystick.services.posting import post
from tallystick.services.postings import Posting

HOUR = timedelta(hours=1)
STATUSES = ("active", "pending", "expired")


async def ask(member: Member, **parameters: Any) -> httpx.Response:
    """Ask for the points that are left."""
    return await member.api.shop.get(f"{member.path}/points", params=parameters)


async def found(member: Member, **parameters: Any) -> list[dict[str, Any]]:
    """What comes back."""
    data: list[dict[str, Any]] = exact(await ask(member, **parameters))["data"]
    return data


async def left(member: Member, **parameters: Any) -> dict[str, Decimal | int]:
    """What is left, by the names of the additions and in the order told."""
    return {each["name"]: each["amount"] for each in await found(member, **parameters)}


async def activate(member: Member, uuid: str) -> None:
    """Activate the points of a transaction."""
    path = f"{program_path(member.program)}/activate_points"
    answer = await member.api.shop.post(path, json={"transactionUUIDs": [uuid]})
    assert answer.status_code == 200, answer.text


@pytest.fixture
async def dan(api: Api) -> Member:
    """Dan's additions are named after what they are an hour later."""
    program = await api.program()
    dan = Member(api=api, program=program, name=f"dan of {program.id}")
    await import_rows(
        api.context,
        program,
        f"{dan.name},10,,2026-06-20,,soon",
        f"{dan.name},20,,2026-07-20,,late",
        f"{dan.name},30,,,,never",
        f"{dan.name},40,,2026-06-15T12:30:00Z,,expired",
        f"{dan.name},50,2026-06-16,2026-07-01,,pending",
        f"{dan.name},60,on_action,,,waiting",
        f"{dan.name},70,,2026-06-25,shop,in the shop",
        header="customerprofileid,amount,startdate,expirydate,subledgerid,reason",
    )
    api.clock.now = NOW + HOUR
    return dan


async def test_points_are_told_in_full(dan: Member) -> None:
    [told] = await found(dan, subledgerId="shop")
    [transaction] = exact(await dan.transactions(subledgerId="shop"))["data"]
    assert told == {
        "id": transaction["id"],
        "transactionUUID": transaction["transactionUUID"],
        "created": "2026-06-15T12:00:00Z",
        "programId": dan.program.id,
        "name": "in the shop",
        "startDate": "immediate",
        "expiryDate": "2026-06-25T00:00:00Z",
        "subledgerId": "shop",
        "amount": 70,
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, {"soon": 10, "in the shop": 70, "late": 20, "never": 30}),
        ("active", {"soon": 10, "in the shop": 70, "late": 20, "never": 30}),
        ("pending", {"pending": 50, "waiting": 60}),
        ("expired", {"expired": 40}),
    ],
)
async def test_points_have_a_status(
    dan: Member, status: str | None, expected: dict[str, int]
) -> None:
    assert await left(dan, **({"status": status} if status else {})) == expected


async def test_what_awaits_its_activation_says_so(dan: Member) -> None:
    await dan.add(5, name="counted", pendingDuration="on_action", validityDuration="30D")
    told = {each["name"]: each for each in await found(dan, status="pending")}
    assert told["waiting"]["startDate"] == told["counted"]["startDate"] == "on_action"
    assert told["counted"]["validityDuration"] == "30D"
    assert "validityDuration" not in told["waiting"]


async def test_the_amount_is_what_is_left(dan: Member) -> None:
    await dan.deduct(12.5)
    assert await left(dan, subledgerId="") == {"late": Decimal("17.5"), "never": 30}
    await dan.deduct(47.5)
    assert await left(dan, subledgerId="") == {}


async def test_activated_points_are_told_as_the_addition_that_made_them(
    api: Api, dan: Member
) -> None:
    [waiting] = await found(dan, status="pending", subledgerId="", sort="-startDate", pageSize=1)
    await activate(dan, waiting["transactionUUID"])
    assert "waiting" not in await left(dan, status="pending")
    [told] = await found(dan, transactionUUIDs=waiting["transactionUUID"])
    assert told == {**waiting, "startDate": "2026-06-15T13:00:00Z"}
    api.clock.now += HOUR
    await dan.deduct(61)
    assert await left(dan, transactionUUIDs=waiting["transactionUUID"]) == {"waiting": 59}


async def test_an_activation_gives_its_points_their_expiry(dan: Member) -> None:
    await dan.add(5, name="counted", pendingDuration="on_action", validityDuration="1D")
    [counted] = [each for each in await found(dan, status="pending") if each["name"] == "counted"]
    await activate(dan, counted["transactionUUID"])
    [told] = await found(dan, transactionUUIDs=counted["transactionUUID"])
    assert told["expiryDate"] == "2026-06-16T13:00:00Z"
    assert "validityDuration" not in told


async def test_what_was_deleted_is_not_left(dan: Member) -> None:
    body = {"scope": "SelectedSubledgers", "subledgerIds": [""]}
    path = f"{dan.path}/delete_transactions"
    assert (await dan.api.shop.post(path, json=body)).status_code == 204
    told = {status: await left(dan, status=status) for status in STATUSES}
    assert told == {"active": {"in the shop": 70}, "pending": {}, "expired": {}}


async def test_what_is_booked_ahead_is_still_left(api: Api) -> None:
    """Pending points that will repay a debt are whole until they do."""
    owing = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    ann = await api.member(owing, points="10")
    await ann.add(50, name="tomorrow", pendingUntil="2026-06-16T12:00:00Z")
    await ann.deduct(40)
    assert await left(ann) == {}
    assert await left(ann, status="pending") == {"tomorrow": 50}
    assert await ann.balance() == {"pending": 50, "spent": 10, "negative": 30}
    api.clock.now = NOW + timedelta(days=1)
    assert await left(ann, status="pending") == {}
    assert await left(ann) == {"tomorrow": 20}
    assert await ann.balance() == {"active": 20, "spent": 40}


async def test_points_of_a_status_add_up_to_the_balance(api: Api, dan: Member) -> None:
    await dan.deduct("13.37")
    for hours in range(0, 24 * 60, 24 * 4):
        api.clock.now = NOW + HOUR + hours * HOUR
        balance = exact(await dan.balances(subledgerId=""))["balance"]
        for status in STATUSES:
            parts = [each["amount"] for each in await found(dan, status=status, subledgerId="")]
            assert sum(parts) == balance[f"{status}Points"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"subledgerId": ""}, ["soon", "late", "never"]),
        ({"subledgerId": ["shop", "unknown"]}, ["in the shop"]),
        ({"subledgerId": ["", "shop"]}, ["soon", "in the shop", "late", "never"]),
        ({"subledgerId": "unknown"}, []),
        ({"sort": "expiryDate"}, ["soon", "in the shop", "late", "never"]),
        ({"sort": "-expiryDate"}, ["never", "late", "in the shop", "soon"]),
        ({"status": "pending", "sort": "startDate"}, ["pending", "waiting"]),
        ({"status": "pending", "sort": "-startDate"}, ["waiting", "pending"]),
        ({"customerSessionIDs": "s-1"}, []),
    ],
)
async def test_points_can_be_filtered_and_sorted(
    dan: Member, parameters: dict[str, Any], expected: list[str]
) -> None:
    assert list(await left(dan, **parameters)) == expected


async def test_points_of_a_session_can_be_asked_for(api: Api, dan: Member) -> None:
    posting = Posting(
        program_id=dan.program.id,
        integration_id=IntegrationId(dan.name),
        kind=Kind.ADDITION,
        points=Points(1_00),
        name="of a session",
        source=Source.SESSION,
        session_id="s-1",
    )
    async with api.context.database.transaction() as tx:
        await post(tx, [posting], now=api.clock.now)
    [told] = await found(dan, customerSessionIDs=["s-1", "s-2"])
    assert (told["name"], told["customerSessionId"]) == ("of a session", "s-1")
    uuid = told["transactionUUID"]
    assert await left(dan, customerSessionIDs="s-1", transactionUUIDs=uuid) == {"of a session": 1}
    assert await left(dan, customerSessionIDs="s-2", transactionUUIDs=uuid) == {}


@pytest.mark.parametrize(
    ("parameters", "expected", "has_more"),
    [
        ({"pageSize": 3}, ["soon", "in the shop", "late"], True),
        ({"pageSize": 3, "skip": 1}, ["in the shop", "late", "never"], False),
        ({"pageSize": 3, "skip": 3}, ["never"], False),
        ({"skip": 4}, [], False),
        ({"pageSize": 4}, ["soon", "in the shop", "late", "never"], False),
    ],
)
async def test_pages_follow_one_another(
    dan: Member, parameters: dict[str, int], expected: list[str], *, has_more: bool
) -> None:
    page = exact(await ask(dan, **parameters))
    assert ([each["name"] for each in page["data"]], page["hasMore"]) == (expected, has_more)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("status", "spent"),
        ("sort", "created"),
        ("sort", "+startDate"),
        ("pageSize", "0"),
        ("skip", "-1"),
        ("transactionUUIDs", "1"),
    ],
)
async def test_what_cannot_be_asked_is_refused(ann: Member, parameter: str, text: str) -> None:
    problem = refusal(await ask(ann, **{parameter: text}), 400)
    assert (problem["title"], problem["parameter"]) == ("invalid_field", parameter)


async def test_an_unknown_profile_is_not_found(api: Api, ann: Member) -> None:
    nobody = Member(api=api, program=ann.program, name="nobody")
    assert "there is no customer profile 'nobody'" in refusal(await ask(nobody), 404)["details"]
    elsewhere = Member(api=api, program=await api.program(), name=ann.name)
    assert exact(await ask(elsewhere)) == {"hasMore": False, "data": []}
