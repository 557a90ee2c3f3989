"""`getLoyaltyProgramProfileTransactions`: shapes, order, pages, filters, and what is refused."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.harness import Api, Member, exact, program_path, refusal
from services.harness import NOW, import_rows
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import ReturnPolicy
from tallystick.core.transactions import Kind, Source
from tallystick.services.posting import post
from tallystick.services.postings import Posting

SECOND = timedelta(seconds=1)


async def found(member: Member, **parameters: Any) -> dict[str, Any]:
    """The newest transaction that comes back."""
    newest: dict[str, Any] = exact(await member.transactions(**parameters))["data"][0]
    return newest


# Shapes


async def test_an_addition_is_told_in_full(ann: Member) -> None:
    await ann.add(
        12.5, name="Welcome", subledgerId="shop", pendingDuration="1h", validityDuration="1D_U"
    )
    told = await found(ann)
    assert UUID(told.pop("transactionUUID")).version == 7
    assert told.pop("id") > 0
    assert told == {
        "created": "2026-06-15T12:00:00Z",
        "programId": ann.program.id,
        "type": "addition",
        "name": "Welcome",
        "startDate": "2026-06-15T13:00:00Z",
        "expiryDate": "2026-06-16T23:59:59Z",
        "subledgerId": "shop",
        "amount": 12.5,
    }


async def test_a_deduction_is_told_in_full(ann: Member) -> None:
    await ann.deduct(1)
    told = await found(ann)
    assert told.pop("transactionUUID")
    assert told.pop("id")
    assert told == {
        "created": "2026-06-15T12:00:00Z",
        "programId": ann.program.id,
        "type": "subtraction",
        "name": "",
        "startDate": "immediate",
        "expiryDate": "unlimited",
        "subledgerId": "",
        "amount": 1,
    }


@pytest.mark.parametrize(
    ("given", "start", "expiry", "validity"),
    [
        ({}, "immediate", "unlimited", None),
        ({"pendingDuration": "on_action"}, "on_action", "unlimited", None),
        (
            {"pendingDuration": "on_action", "validityDuration": "30D"},
            "on_action",
            "unlimited",
            "30D",
        ),
        (
            {"pendingUntil": "2027-01-01T00:00:00+01:00", "validUntil": "2027-02-01"},
            "2026-12-31T23:00:00Z",
            "2027-02-01T00:00:00Z",
            None,
        ),
    ],
    ids=["defaults", "on action", "on action with a validity", "instants"],
)
async def test_start_and_expiry_are_told_as_given(
    ann: Member, given: dict[str, str], start: str, expiry: str, validity: str | None
) -> None:
    await ann.add(1, **given)
    told = await found(ann)
    assert told["startDate"] == start
    assert told["expiryDate"] == expiry
    assert told.get("validityDuration") == validity


async def test_a_deduction_below_zero_is_two_of_which_one_is_flagged(api: Api) -> None:
    owing = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    ann = await api.member(owing, points="50")
    await ann.deduct(70)
    newest, before, _ = exact(await ann.transactions())["data"]
    assert newest["flags"] == {"createsNegativeBalance": True}
    assert newest["amount"] == 20
    assert "flags" not in before
    assert before["amount"] == 50


# Order and pages


async def test_the_newest_comes_first_also_within_an_instant(api: Api, ann: Member) -> None:
    for name in ("first", "second", "third"):
        await ann.add(1, name=name)
    api.clock.now = NOW + SECOND
    await ann.deduct(1, name="last")
    page = exact(await ann.transactions())["data"]
    assert [each["name"] for each in page] == ["last", "third", "second", "first", ""]
    ids = [each["id"] for each in page]
    assert ids == sorted(ids, reverse=True)


@pytest.fixture
async def bea(api: Api) -> Member:
    """Bea has 51 transactions, named 1 to 51."""
    program = await api.program()
    bea = Member(api=api, program=program, name=f"bea of {program.id}")
    rows = [f"{bea.name},1,{number}" for number in range(1, 52)]
    await import_rows(api.context, program, *rows, header="customerprofileid,amount,reason")
    return bea


@pytest.mark.parametrize(
    ("parameters", "first", "count", "has_more"),
    [
        ({}, "51", 50, True),
        ({"skip": 1}, "50", 50, False),
        ({"pageSize": 1}, "51", 1, True),
        ({"pageSize": 1, "skip": 50}, "1", 1, False),
        ({"pageSize": 50, "skip": 0}, "51", 50, True),
        ({"pageSize": 51}, "51", 51, False),
        ({"pageSize": 1000}, "51", 51, False),
        ({"pageSize": 10, "skip": 45}, "6", 6, False),
        ({"skip": 51}, None, 0, False),
        ({"skip": 2_000_000_000}, None, 0, False),
    ],
)
async def test_pages_follow_one_another(
    bea: Member, parameters: dict[str, int], first: str | None, count: int, *, has_more: bool
) -> None:
    page = exact(await bea.transactions(**parameters))
    names = [each["name"] for each in page["data"]]
    assert (page["hasMore"], next(iter(names), None), len(names)) == (has_more, first, count)


@pytest.mark.parametrize(
    ("parameter", "texts"),
    [
        ("pageSize", ["0", "1001", "-1", "ten", "", "1.5", "1e400", "9" * 40]),
        ("skip", ["-1", "2000000001", "x", "9" * 40]),
        ("loyaltyTransactionType", ["Manual", "expire", ""]),
        ("startDate", ["", "monday", "2026-13-01"]),
        ("endDate", ["", "monday", "2026-13-01"]),
        ("transactionUUIDs", ["", "1", "not-a-uuid"]),
        ("awaitsActivation", ["false", "False", "maybe"]),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    ann: Member, parameter: str, texts: list[str]
) -> None:
    for text in texts:
        problem = refusal(await ann.transactions(**{parameter: text}), 400)
        assert ("invalid_field", parameter) == (problem["title"], problem["parameter"]), text


# Filters


async def session_posting(member: Member, session_id: str) -> None:
    """Add points as a customer session does."""
    posting = Posting(
        program_id=member.program.id,
        integration_id=IntegrationId(member.name),
        kind=Kind.ADDITION,
        points=Points(1_00),
        name=session_id,
        source=Source.SESSION,
        session_id=session_id,
    )
    async with member.api.context.database.transaction() as tx:
        await post(tx, [posting], now=NOW)


@pytest.fixture
async def cal(api: Api) -> Member:
    """Cal has a transaction of every kind, each a second after the other."""
    cal = await api.member(await api.program())
    steps: list[Callable[[], Any]] = [
        lambda: cal.add(1, name="manual"),
        lambda: cal.add(1, name="shop", subledgerId="shop"),
        lambda: cal.add(1, name="waits", pendingDuration="on_action"),
        lambda: cal.add(1, name="late", pendingDuration="on_action", validUntil="2026-06-16"),
        lambda: cal.deduct(1, name="deducted"),
    ]
    for seconds, step in enumerate(steps, start=1):
        api.clock.now = NOW + seconds * SECOND
        assert (await step()).status_code == 204
    await session_posting(cal, "s-1")
    await session_posting(cal, "s-2")
    return cal


EVERYTHING = ["s-2", "s-1", "deducted", "late", "waits", "shop", "manual", ""]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, EVERYTHING),
        ({"loyaltyTransactionType": "manual"}, ["deducted", "late", "waits", "shop", "manual"]),
        ({"loyaltyTransactionType": "session"}, ["s-2", "s-1"]),
        ({"loyaltyTransactionType": "import"}, [""]),
        ({"subledgerId": "shop"}, ["shop"]),
        ({"subledgerId": ""}, [name for name in EVERYTHING if name != "shop"]),
        ({"subledgerId": "unknown"}, []),
        ({"customerSessionIDs": "s-1"}, ["s-1"]),
        ({"customerSessionIDs": ["s-1", "s-2", "s-3"]}, ["s-2", "s-1"]),
        ({"awaitsActivation": "true"}, ["late", "waits"]),
        ({"awaitsActivation": "True", "pageSize": 1}, ["late"]),
        ({"startDate": "2026-06-15T12:00:01Z", "endDate": "2026-06-15T12:00:03Z"},
         ["waits", "shop", "manual"]),
        ({"startDate": "2026-06-15T12:00:00.000001Z", "endDate": "2026-06-15T12:00:01.999999Z"},
         ["manual"]),
        ({"endDate": "2026-06-15T12:00:00Z"}, [""]),
        ({"startDate": "2026-06-16"}, []),
        ({"loyaltyTransactionType": "manual", "subledgerId": "shop"}, ["shop"]),
    ],
)  # fmt: skip
async def test_transactions_can_be_filtered(
    cal: Member, parameters: dict[str, Any], expected: list[str]
) -> None:
    assert await cal.names(**parameters) == expected


async def test_what_has_expired_awaits_nothing(api: Api, cal: Member) -> None:
    api.clock.now = NOW + timedelta(days=1)
    assert await cal.names(awaitsActivation="true") == ["waits"]


async def test_transactions_can_be_asked_for_by_their_uuids(cal: Member) -> None:
    told = {each["name"]: each for each in exact(await cal.transactions())["data"]}
    wanted = [told["shop"]["transactionUUID"], told["late"]["transactionUUID"].upper()]
    assert await cal.names(transactionUUIDs=wanted) == ["late", "shop"]
    assert await cal.names(transactionUUIDs="00000000-0000-7000-8000-000000000000") == []


async def test_transactions_of_other_programs_are_not_told(api: Api, ann: Member) -> None:
    other = await api.member(await api.program(), name=ann.name)
    await other.add(1, name="elsewhere")
    assert await ann.names() == [""]


async def test_an_unknown_profile_is_not_found(api: Api, ann: Member) -> None:
    answer = await api.shop.get(f"{program_path(ann.program)}/profile/nobody/transactions")
    assert "there is no customer profile 'nobody'" in refusal(answer, 404)["details"]


async def test_a_member_without_transactions_in_the_program_has_an_empty_page(
    api: Api, ann: Member
) -> None:
    elsewhere = Member(api=api, program=await api.program(), name=ann.name)
    assert exact(await elsewhere.transactions()) == {"hasMore": False, "data": []}


async def test_instants_carry_their_zone(api: Api, ann: Member) -> None:
    api.clock.now = NOW + timedelta(microseconds=123_456)
    await ann.add(1, pendingDuration="1h")
    told = await found(ann)
    assert told["created"] == "2026-06-15T12:00:00.123456Z"
    assert re.fullmatch(r"2026-06-15T13:00:00\.123456Z", told["startDate"])
