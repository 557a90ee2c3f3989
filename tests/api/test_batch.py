"""`postLoyaltyPointsBatch`: one outcome each, in order."""

from typing import Any

import httpx
import pytest

from api.harness import Member, exact, program_path, refusal


async def post(member: Member, *postings: Any, key: str | None = None) -> httpx.Response:
    path = f"{program_path(member.program)}/points/batch"
    headers = {"Idempotency-Key": key} if key else {}
    return await member.api.manager.post(path, json={"postings": postings}, headers=headers)


def add(member: Member, points: Any, **more: Any) -> dict[str, Any]:
    return {"operation": "add", "integrationId": member.name, "points": points, **more}


def deduct(member: Member, points: Any, **more: Any) -> dict[str, Any]:
    return {"operation": "deduct", "integrationId": member.name, "points": points, **more}


@pytest.fixture
async def ben(ann: Member) -> Member:
    return await ann.api.member(ann.program, points="10")


async def test_each_posting_has_its_outcome_in_its_place(ann: Member, ben: Member) -> None:
    nobody = Member(api=ann.api, program=ann.program, name="nobody")
    wishes = add(ann, 5), deduct(ben, 20), deduct(ann, 105), add(nobody, 1), add(ben, "1")
    found = exact(await post(ann, *wishes))
    statuses = [outcome["status"] for outcome in found["outcomes"]]
    assert statuses == ["posted", "refused", "posted", "refused", "refused"]
    assert (found["posted"], found["replayed"], found["refused"]) == (2, 0, 3)
    titles = [o["error"]["title"] for o in found["outcomes"] if "error" in o]
    assert titles == ["insufficient_points", "not_found", "invalid_field"]
    assert found["outcomes"][4]["error"]["source"] == {"pointer": "/postings/4/points"}
    assert await ann.balance() == {"spent": 105}
    assert await ben.balance() == {"active": 10}


async def test_a_posting_names_its_transactions(ann: Member) -> None:
    found = exact(await post(ann, add(ann, 1)))
    shown = exact(await ann.transactions())["data"][0]
    assert found["outcomes"][0]["transactionUUIDs"] == [shown["transactionUUID"]]


async def test_a_members_postings_are_entered_in_their_order(ann: Member) -> None:
    wishes = [w for n in range(1200) for w in (add(ann, 1, name=f"{n}"), deduct(ann, 1))]
    found = exact(await post(ann, deduct(ann, 100), *wishes))
    assert found["posted"] == 2401
    assert (await ann.names(pageSize=2))[1] == "1199"


async def test_the_same_batch_under_the_same_key_is_posted_once(ann: Member) -> None:
    wishes = add(ann, 1), deduct(ann, 500)
    first = exact(await post(ann, *wishes, key="k"))
    again = exact(await post(ann, *wishes, key="k"))
    assert again["replayed"] == first["posted"] == 1
    assert again["refused"] == first["refused"] == 1
    assert [o.get("transactionUUIDs") for o in again["outcomes"]] == [
        o.get("transactionUUIDs") for o in first["outcomes"]
    ]
    assert await ann.balance() == {"active": 101}


async def test_a_posting_can_have_a_key_of_its_own(ann: Member) -> None:
    found = exact(await post(ann, add(ann, 1, idempotencyKey="a"), add(ann, 2, idempotencyKey="a")))
    assert [o["status"] for o in found["outcomes"]] == ["posted", "refused"]
    assert found["outcomes"][1]["error"]["title"] == "key_reused"
    exact(await post(ann, add(ann, 1, idempotencyKey="a")))
    assert await ann.balance() == {"active": 101}


async def test_additions_take_dates_and_subledgers(ann: Member) -> None:
    exact(await post(ann, add(ann, 1, pendingDuration="1D", subledgerId="store")))
    balances = exact(await ann.balances())["subledgerBalances"]
    assert balances["store"]["pendingPoints"] == 1


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"operation": "give"}, "operation"),
        ({"points": 0}, "points"),
        ({"points": 1.234}, "points"),
        ({"name": 5}, "name"),
        ({"idempotencyKey": ""}, "idempotencyKey"),
        ({"pendingDuration": "soon"}, "pendingDuration"),
        ({"validityDuration": "999999Y"}, "validityDuration"),
    ],
)
async def test_a_wrong_member_of_a_posting_is_named(
    ann: Member, wish: dict[str, Any], field: str
) -> None:
    found = exact(await post(ann, add(ann, 1), {**add(ann, 1), **wish}))
    assert found["outcomes"][1]["error"]["source"] == {"pointer": f"/postings/1/{field}"}
    assert found["posted"] == 1


@pytest.mark.parametrize("count", [0, 10_001])
async def test_a_batch_has_one_to_ten_thousand_postings(ann: Member, count: int) -> None:
    assert refusal(await post(ann, *[{}] * count), 400)["pointer"] == "/postings"


async def test_an_unknown_program_is_not_found(ann: Member) -> None:
    path = "/v1/loyalty_programs/999999/points/batch"
    refusal(await ann.api.manager.post(path, json={"postings": [add(ann, 1)]}), 404)
