"""`activateLoyaltyPoints`: points that wait for an action start when it comes."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.harness import Api, Member, exact, program_path, refusal
from tallystick.core.programs import ReturnPolicy

DAY = timedelta(days=1)


async def activate(member: Member, **body: Any) -> httpx.Response:
    path = f"{program_path(member.program)}/activate_points"
    return await member.api.shop.post(path, json=body)


async def uuids(member: Member, **parameters: Any) -> list[str]:
    page = exact(await member.transactions(**parameters))
    return [each["transactionUUID"] for each in page["data"]]


@pytest.fixture
async def waiting(ann: Member) -> str:
    """The uuid of 40 points that wait, good for two days from their activation."""
    await ann.add(40, name="gift", pendingDuration="on_action", validityDuration="2D")
    return (await uuids(ann, awaitsActivation="true"))[0]


async def test_points_that_wait_start_and_their_validity_runs(ann: Member, waiting: str) -> None:
    assert await ann.balance() == {"active": 100, "pending": 40}
    [entry] = exact(await activate(ann, transactionUUIDs=[waiting]))["ledgerEntries"]
    assert entry == {
        "created": "2026-06-15T12:00:00Z",
        "programID": ann.program.id,
        "type": "addition",
        "amount": 40,
        "name": "gift",
        "subLedgerID": "",
        "customerProfileID": ann.name,
        "startDate": "2026-06-15T12:00:00Z",
        "expiryDate": "2026-06-17T12:00:00Z",
    }
    assert await ann.balance() == {"active": 140}
    ann.api.clock.now += 2 * DAY
    assert await ann.balance() == {"active": 100, "expired": 40}


async def test_the_transaction_keeps_its_uuid_and_shows_its_start(
    ann: Member, waiting: str
) -> None:
    ann.api.clock.now += DAY
    await activate(ann, transactionUUIDs=[waiting])
    shown = exact(await ann.transactions())["data"][0]
    assert shown["transactionUUID"] == waiting
    assert shown["created"] == "2026-06-15T12:00:00Z"
    assert shown["startDate"] == "2026-06-16T12:00:00Z"
    assert shown["expiryDate"] == "2026-06-18T12:00:00Z"
    assert "validityDuration" not in shown
    assert await uuids(ann, awaitsActivation="true") == []


async def test_before_its_activation_a_balance_is_as_it_was(ann: Member, waiting: str) -> None:
    before = ann.api.clock.now
    ann.api.clock.now += DAY
    await activate(ann, transactionUUIDs=[waiting])
    assert await ann.balance(endDate=before.isoformat()) == {"active": 100, "pending": 40}
    known = (ann.api.clock.now - timedelta(seconds=1)).isoformat()
    assert await ann.balance(asKnownAt=known) == {"active": 100, "pending": 40}


async def test_activated_points_can_be_spent_before_those_that_last(
    ann: Member, waiting: str
) -> None:
    await activate(ann, transactionUUIDs=[waiting])
    await ann.deduct(40)
    ann.api.clock.now += 2 * DAY
    assert await ann.balance() == {"active": 100, "spent": 40}


async def test_what_awaits_nothing_stays_as_it_is(ann: Member, waiting: str) -> None:
    everything = await uuids(ann)
    assert len(exact(await activate(ann, transactionUUIDs=everything))["ledgerEntries"]) == 1
    assert exact(await activate(ann, transactionUUIDs=everything))["ledgerEntries"] == []
    assert await ann.balance() == {"active": 140}


async def test_points_that_expired_while_they_waited_stay_expired(ann: Member) -> None:
    until = (ann.api.clock.now + DAY).isoformat()
    await ann.add(40, pendingDuration="on_action", validUntil=until)
    [uuid] = await uuids(ann, awaitsActivation="true")
    ann.api.clock.now += DAY
    assert exact(await activate(ann, transactionUUIDs=[uuid]))["ledgerEntries"] == []
    assert await ann.balance() == {"active": 100, "expired": 40}


async def test_activated_points_repay_what_is_owed(api: Api) -> None:
    ann = await api.member(await api.program(return_policy=ReturnPolicy.UNLIMITED))
    await ann.add(40, pendingDuration="on_action")
    await ann.deduct(130)
    assert await ann.balance() == {"negative": 30, "pending": 40, "spent": 100}
    [uuid] = await uuids(ann, awaitsActivation="true")
    await activate(ann, transactionUUIDs=[uuid])
    assert await ann.balance() == {"active": 10, "spent": 130}


async def test_an_unknown_transaction_is_not_found_and_nothing_is_activated(
    ann: Member, waiting: str
) -> None:
    refusal(await activate(ann, transactionUUIDs=[waiting, str(uuid4())]), 404)
    assert await ann.balance() == {"active": 100, "pending": 40}


async def test_another_programs_transaction_is_not_found(api: Api, waiting: str) -> None:
    other = await api.member(await api.program())
    refusal(await activate(other, transactionUUIDs=[waiting]), 404)


async def test_an_unknown_session_is_not_found(ann: Member) -> None:
    refusal(await activate(ann, sessionId="no such session"), 404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/sessionId"),
        ({"sessionId": "s", "transactionUUIDs": [str(uuid4())]}, "/sessionId"),
        ({"sessionId": ""}, "/sessionId"),
        ({"transactionUUIDs": []}, "/transactionUUIDs"),
        ({"transactionUUIDs": ["x"]}, "/transactionUUIDs/0"),
        ({"transactionUUIDs": [str(uuid4()) for _ in range(51)]}, "/transactionUUIDs"),
    ],
)
async def test_a_wrong_member_of_the_body_is_named(
    ann: Member, body: dict[str, Any], pointer: str
) -> None:
    assert refusal(await activate(ann, **body), 400)["pointer"] == pointer
