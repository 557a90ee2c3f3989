"""Joining a program, and files of join dates going in and out."""

import csv
import io
from datetime import timedelta

import httpx
import pytest

from api.harness import Api, Member, exact, in_path, program_path, refusal
from services.harness import NOW, new_name
from tallystick.core.programs import JoinPolicy, Program

HEADER = "customerprofileid,newjoindate\n"


async def joined(api: Api, program: Program) -> dict[str, str]:
    """The join dates by member, as the file has them."""
    response = await api.manager.get(f"{program_path(program)}/export_join_dates")
    assert response.status_code == 200, response.text
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert all(row["loyaltyProgramID"] == str(program.id) for row in rows)
    return {row["profileIntegrationID"]: row["joinDate"] for row in rows}


async def send(api: Api, program: Program, file: str) -> httpx.Response:
    """Import join dates."""
    return await api.manager.post(
        f"{program_path(program)}/import_join_dates",
        files={"upFile": ("dates.csv", file.encode(), "text/csv")},
    )


async def problems(api: Api, program: Program, file: str) -> list[tuple[str, str]]:
    """The lines that a file is refused for, and why."""
    response = await send(api, program, file)
    assert response.status_code == 400, response.text
    return [(each["source"]["line"], each["title"]) for each in response.json()["errors"]]


# Joining


async def test_a_profile_joins_a_program_and_is_made(api: Api) -> None:
    program, name = await api.program(), new_name("ann")
    ann = Member(api=api, program=program, name=name)
    response = await api.shop.post(f"{ann.path}/join")
    assert (response.status_code, response.content) == (200, b"")
    assert await joined(api, program) == {name: "2026-06-15T12:00:00Z"}
    assert await ann.balance() == {}


async def test_a_member_joins_once(ann: Member) -> None:
    await ann.api.shop.post(f"{ann.path}/join")
    ann.api.clock.now = NOW + timedelta(days=1)
    problem = refusal(await ann.api.shop.post(f"{ann.path}/join"), 400)
    assert problem["parameter"] == "integrationId"
    assert "joined on 2026-06-15T12:00:00Z" in problem["details"]
    assert await joined(ann.api, ann.program) == {ann.name: "2026-06-15T12:00:00Z"}


async def test_who_joined_by_points_has_joined_already(api: Api) -> None:
    ann = await api.member(await api.program(join_policy=JoinPolicy.POINTS_EARNED))
    assert (await api.shop.post(f"{ann.path}/join")).status_code == 400


async def test_one_joins_each_program_by_itself(api: Api) -> None:
    name = new_name("ann")
    for _ in range(2):
        ann = Member(api=api, program=await api.program(), name=name)
        assert (await api.shop.post(f"{ann.path}/join")).status_code == 200


async def test_a_refused_joining_makes_no_profile(api: Api) -> None:
    cards, name = await api.program(card_based=True), new_name("ann")
    path = f"/profile/{in_path(name)}/join"
    assert refusal(await api.shop.post(program_path(cards) + path), 400)["title"] == "not_supported"
    response = await api.shop.post(f"/v1/loyalty_programs/999999{path}")
    assert refusal(response, 404)["title"] == "not_found"
    inventory = f"/v1/customer_profiles/{in_path(name)}/inventory"
    assert (await api.shop.get(inventory)).status_code == 404


# What a join policy derives


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, None),
        (JoinPolicy.NOT_JOIN, None),
        (JoinPolicy.POINTS_EARNED, "2026-06-15T12:00:00Z"),
        (JoinPolicy.POINTS_ACTIVATED, "2026-06-16T12:00:00Z"),
    ],
)
async def test_the_policy_of_a_program_derives_the_date(
    api: Api, policy: JoinPolicy | None, expected: str | None
) -> None:
    program, name = await api.program(join_policy=policy), new_name("ann")
    await api.shop.put(f"/v2/customer_profiles/{in_path(name)}", json={})
    ann = Member(api=api, program=program, name=name)
    await ann.add(5, pendingDuration="1D")
    await ann.add(5, pendingDuration="2D", subledgerId="store")
    before = {name: expected} if policy is JoinPolicy.POINTS_EARNED else {}
    assert await joined(api, program) == before
    api.clock.now = NOW + timedelta(days=3)
    await ann.add(5)
    assert await joined(api, program) == ({name: expected} if expected else {})


async def test_points_join_when_they_are_activated_by_hand(api: Api) -> None:
    program = await api.program(join_policy=JoinPolicy.POINTS_ACTIVATED)
    await api.shop.put("/v2/customer_profiles/by-hand", json={})
    ann = Member(api=api, program=program, name="by-hand")
    await ann.add(5, pendingDuration="on_action")
    [entry] = exact(await ann.transactions())["data"]
    api.clock.now = NOW + timedelta(days=400)
    assert await joined(api, program) == {}
    body = {"transactionUUIDs": [entry["transactionUUID"]]}
    exact(await api.shop.post(f"{program_path(program)}/activate_points", json=body))
    assert await joined(api, program) == {"by-hand": "2027-07-20T12:00:00Z"}


@pytest.mark.parametrize("policy", [JoinPolicy.POINTS_EARNED, JoinPolicy.POINTS_ACTIVATED])
async def test_what_was_deleted_made_nobody_join(api: Api, policy: JoinPolicy) -> None:
    ann = await api.member(await api.program(join_policy=policy))
    await ann.add(5, pendingDuration="on_action")
    [waiting, _] = exact(await ann.transactions())["data"]
    body = {"transactionUUIDs": [waiting["transactionUUID"]]}
    exact(await api.shop.post(f"{program_path(ann.program)}/activate_points", json=body))
    assert ann.name in await joined(api, ann.program)
    await api.shop.post(f"{ann.path}/delete_transactions", json={"scope": "AllSubledgers"})
    assert await joined(api, ann.program) == {}
    api.clock.now = NOW + timedelta(days=1)
    await ann.add(5)
    assert await joined(api, ann.program) == {ann.name: "2026-06-16T12:00:00Z"}


async def test_a_date_that_was_set_wins_over_a_derived_one(api: Api) -> None:
    ann = await api.member(await api.program(join_policy=JoinPolicy.POINTS_EARNED))
    exact(await send(api, ann.program, f'{HEADER}"{ann.name}",2020-01-01\n'))
    assert await joined(api, ann.program) == {ann.name: "2020-01-01T00:00:00Z"}


# Files


async def test_a_file_of_join_dates_is_imported(api: Api) -> None:
    program = await api.program()
    ann, bob = await api.member(program), await api.member(program)
    file = f"{HEADER}{ann.name},2024-03-21T07:32:14Z\n{bob.name},2025-04-16T23:12:37.5+02:00\n"
    answer = exact(await send(api, program, file))
    assert answer.pop("id") > 0
    assert answer == {
        "created": "2026-06-15T12:00:00Z",
        "accountId": 1,
        "userId": 0,
        "entity": "LoyaltyJoinDates",
        "amount": 2,
    }
    assert await joined(api, program) == {
        ann.name: "2024-03-21T07:32:14Z",
        bob.name: "2025-04-16T21:12:37.5Z",
    }


async def test_an_imported_date_takes_the_place_of_the_old_one(ann: Member) -> None:
    await ann.api.shop.post(f"{ann.path}/join")
    for date in ("2024-03-21T07:32:14Z", "2027-01-01T00:00:00Z"):
        exact(await send(ann.api, ann.program, f"{HEADER}{ann.name},{date}\n"))
        assert await joined(ann.api, ann.program) == {ann.name: date}


async def test_whoever_was_named_by_a_program_elsewhere_can_be_dated(api: Api) -> None:
    name, program = new_name("ann"), await api.program()
    await api.shop.put(f"/v2/customer_profiles/{in_path(name)}", json={})
    assert exact(await send(api, program, f"{HEADER}{name},2024-03-21\n"))["amount"] == 1
    assert await joined(api, program) == {name: "2024-03-21T00:00:00Z"}


async def test_a_file_without_rows_changes_nothing(api: Api) -> None:
    program = await api.program()
    assert exact(await send(api, program, HEADER))["amount"] == 0


async def test_one_wrong_row_refuses_the_file(ann: Member) -> None:
    file = f"{HEADER}{ann.name},2024-03-21\nnobody,2024-03-21\n"
    assert await problems(ann.api, ann.program, file) == [("3", "unknown_profile")]
    file = f"{HEADER}{ann.name},2024-03-21\n{ann.name},today\n"
    assert await problems(ann.api, ann.program, file) == [("3", "invalid_date")]
    assert await joined(ann.api, ann.program) == {}


async def test_every_wrong_row_is_told(ann: Member) -> None:
    rows = ["nobody", ann.name, "who", ann.name, "nobody"]
    file = HEADER + "".join(f"{name},2024-03-21\n" for name in rows)
    assert await problems(ann.api, ann.program, file) == [
        ("2", "unknown_profile"),
        ("4", "unknown_profile"),
        ("5", "repeated_profile"),
        ("6", "unknown_profile"),
        ("6", "repeated_profile"),
    ]


async def test_the_first_hundred_problems_are_told_and_all_are_counted(api: Api) -> None:
    file = HEADER + "".join(f"nobody {n},2024-03-21\n" for n in range(150))
    response = await send(api, await api.program(), file)
    assert len(response.json()["errors"]) == 100
    assert "150 problems" in response.json()["message"]


async def test_a_profile_of_another_environment_is_unknown(api: Api) -> None:
    ann = await api.member(await api.program(sandbox=True))
    file = f"{HEADER}{ann.name},2024-03-21\n"
    assert await problems(api, await api.program(), file) == [("2", "unknown_profile")]


async def test_a_file_that_goes_out_comes_in_again(api: Api) -> None:
    program = await api.program(join_policy=JoinPolicy.POINTS_EARNED)
    name = f'{new_name("a")},"é"; x'
    escaped = name.replace('"', '""')
    await send(api, program, HEADER)
    await api.shop.put(f"/v2/customer_profiles/{in_path(name)}", json={})
    exact(await send(api, program, f'{HEADER}"{escaped}",2024-03-21\n'))
    response = await api.manager.get(f"{program_path(program)}/export_join_dates")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["content-disposition"]
    assert response.text == (
        "loyaltyProgramID,profileIntegrationID,joinDate\n"
        f'{program.id},"{escaped}",2024-03-21T00:00:00Z\n'
    )


async def test_programs_of_cards_have_no_join_dates(api: Api) -> None:
    cards = await api.program(card_based=True)
    assert refusal(await send(api, cards, HEADER), 400)["title"] == "not_supported"
    response = await api.manager.get(f"{program_path(cards)}/export_join_dates")
    assert refusal(response, 400)["title"] == "not_supported"


async def test_a_file_that_was_taken_out_is_on_record(api: Api) -> None:
    await joined(api, await api.program())
    found = exact(await api.manager.get("/v1/exports"))
    assert found["data"][-1]["entity"] == "LoyaltyLedger"
