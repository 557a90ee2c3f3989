"""`deleteLoyaltyTransactionsFromLedgers`: as if they had never been, and still in the books."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.harness import Api, Member, exact, refusal
from tallystick.core.programs import ReturnPolicy
from tallystick.services.verify import verify

ALL = {"scope": "AllSubledgers"}


async def delete(member: Member, **body: Any) -> httpx.Response:
    return await member.api.shop.post(f"{member.path}/delete_transactions", json=body)


@pytest.fixture
async def busy(ann: Member) -> Member:
    """Ann with points in two ledgers, some of them spent, pending, awaiting or expired."""
    await ann.add(30, subledgerId="store")
    await ann.add(20, pendingDuration="2D")
    await ann.add(10, pendingDuration="on_action")
    await ann.add(5, validityDuration="1s")
    ann.api.clock.now += timedelta(minutes=1)
    await ann.deduct(40)
    await ann.deduct(10, subledgerId="store")
    return ann


async def books_hold(api: Api) -> None:
    broken = [finding async for finding in verify(api.context) if finding.offenders]
    assert broken == []


async def test_nothing_is_left_to_see(busy: Member) -> None:
    assert (await delete(busy, **ALL)).status_code == 204
    found = exact(await busy.balances())
    assert set(found["balance"].values()) == {0}
    assert found["subledgerBalances"] == {}
    assert await busy.names() == []
    await books_hold(busy.api)


async def test_at_no_instant_is_anything_left(busy: Member) -> None:
    now = busy.api.clock.now
    await delete(busy, **ALL)
    for at in (now - timedelta(minutes=1), now, now + timedelta(days=3)):
        assert await busy.balance(endDate=at.isoformat()) == {}


async def test_what_was_known_before_stays_known(busy: Member) -> None:
    known = busy.api.clock.now.isoformat()
    before = await busy.balance()
    busy.api.clock.now += timedelta(days=1)
    await delete(busy, **ALL)
    assert await busy.balance(endDate=known, asKnownAt=known) == before


async def test_only_the_ledgers_that_are_named_lose_theirs(busy: Member) -> None:
    before = await busy.balance()
    await delete(busy, scope="SelectedSubledgers", subledgerIds=["store", "never used"])
    found = exact(await busy.balances())
    assert found["subledgerBalances"] == {}
    assert await busy.balance() == before
    await delete(busy, scope="SelectedSubledgers", subledgerIds=[""])
    assert await busy.balance() == {}
    await books_hold(busy.api)


async def test_points_can_be_added_and_spent_again(busy: Member) -> None:
    await delete(busy, **ALL)
    assert (await busy.deduct(1)).status_code == 400
    await busy.add(7, name="new")
    await busy.deduct(3, name="spent")
    assert await busy.balance() == {"active": 4, "spent": 3}
    assert await busy.names() == ["spent", "new"]
    await delete(busy, **ALL)
    assert await busy.balance() == {}
    await books_hold(busy.api)


async def test_deleting_twice_changes_nothing(busy: Member) -> None:
    await delete(busy, **ALL)
    assert (await delete(busy, **ALL)).status_code == 204
    await books_hold(busy.api)


async def test_debts_and_their_planned_repayments_go_too(api: Api) -> None:
    ann = await api.member(await api.program(return_policy=ReturnPolicy.UNLIMITED))
    await ann.add(20, pendingDuration="2D")
    await ann.deduct(150)
    assert await ann.balance() == {"negative": 50, "pending": 20, "spent": 100}
    await delete(ann, **ALL)
    assert await ann.balance() == {}
    await ann.add(5)
    api.clock.now += timedelta(days=3)
    await ann.deduct(2)
    assert await ann.balance() == {"active": 3, "spent": 2}
    await books_hold(api)


async def test_activated_points_go_too(busy: Member) -> None:
    page = exact(await busy.transactions(awaitsActivation="true"))
    uuids = [each["transactionUUID"] for each in page["data"]]
    path = busy.path.partition("/profile/")[0]
    exact(await busy.api.shop.post(f"{path}/activate_points", json={"transactionUUIDs": uuids}))
    await delete(busy, **ALL)
    assert await busy.balance() == {}
    await books_hold(busy.api)


async def test_other_members_keep_theirs(busy: Member, api: Api) -> None:
    ben = await api.member(busy.program)
    await delete(busy, **ALL)
    assert await ben.balance() == {"active": 100}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/scope"),
        ({"scope": "Everything"}, "/scope"),
        ({"scope": "SelectedSubledgers"}, "/subledgerIds"),
        ({"scope": "SelectedSubledgers", "subledgerIds": None}, "/subledgerIds"),
        ({"scope": "SelectedSubledgers", "subledgerIds": [1]}, "/subledgerIds/0"),
    ],
)
async def test_a_wrong_member_of_the_body_is_named(
    ann: Member, body: dict[str, Any], pointer: str
) -> None:
    assert refusal(await delete(ann, **body), 400)["pointer"] == pointer
    assert await ann.balance() == {"active": 100}


async def test_an_unknown_profile_is_not_found(ann: Member) -> None:
    nobody = Member(api=ann.api, program=ann.program, name="nobody")
    refusal(await delete(nobody, **ALL), 404)
