"""`getCustomerInventory`: parts, ledgers of all programs, join dates, the days ahead."""

from datetime import timedelta
from typing import Any

import pytest

from api.harness import Api, Member, exact, in_path, new_client, new_key, refusal
from services.harness import NOW, new_name
from tallystick.core.programs import JoinPolicy, ReturnPolicy
from tallystick.services.callers import CallerKind

ZEROS = {
    "currentBalance": 0,
    "pendingBalance": 0,
    "negativeBalance": 0,
    "expiredBalance": 0,
    "spentBalance": 0,
    "tentativeCurrentBalance": 0,
    "tentativePendingBalance": 0,
    "tentativeNegativeBalance": 0,
}


def path(name: str) -> str:
    """Where the inventory is."""
    return f"/v1/customer_profiles/{in_path(name)}/inventory"


async def programs(api: Api, name: str, **parameters: Any) -> dict[str, Any]:
    """What somebody has, by the names of the programs."""
    answer = exact(await api.shop.get(path(name), params={"loyalty": True, **parameters}))
    assert answer["loyalty"]["cards"] == []
    found: dict[str, Any] = answer["loyalty"]["programs"]
    assert [str(each["id"]) for each in found.values()] == list(found)
    return {each["name"]: each for each in found.values()}


async def test_only_the_parts_that_are_asked_for_are_there(ann: Member) -> None:
    api = ann.api
    assert exact(await api.shop.get(path(ann.name))) == {}
    parts = {"profile", "referrals", "coupons", "loyalty", "giveaways", "achievements"}
    for part in parts:
        assert exact(await api.shop.get(path(ann.name), params={part: "True"})).keys() == {part}
    everything = exact(await api.shop.get(path(ann.name), params=dict.fromkeys(parts, "true")))
    assert everything.keys() == parts
    assert everything["coupons"] == everything["giveaways"] == []


async def test_who_is_not_there_is_not_found(api: Api) -> None:
    assert refusal(await api.shop.get(path("nobody")), 404)["title"] == "not_found"
    response = await api.shop.get(path("nobody"), params={"loyalty": True})
    assert refusal(response, 404)["title"] == "not_found"


async def test_somebody_without_points_is_in_no_program(api: Api) -> None:
    ann = new_name("ann")
    await api.shop.put(f"/v2/customer_profiles/{in_path(ann)}", json={})
    assert await programs(api, ann) == {}


async def test_a_program_has_its_ledgers(api: Api) -> None:
    program = await api.program(title="The club", return_policy=ReturnPolicy.UNLIMITED)
    ann = await api.member(program, points="100.50")
    await ann.add(20, pendingDuration="1D")
    await ann.add(5, subledgerId="store", pendingDuration="on_action")
    await ann.add(5, subledgerId="spent")
    await ann.deduct(5, subledgerId="spent")
    await ann.deduct(7, subledgerId="owed")
    found = (await programs(api, ann.name))[program.settings.name]
    assert found.pop("subLedgers") == {
        "store": {**ZEROS, "pendingBalance": 5, "tentativePendingBalance": 5},
        "owed": {**ZEROS, "negativeBalance": 7, "tentativeNegativeBalance": 7},
    }
    main = found.pop("ledger")
    assert main["currentBalance"] == main["tentativeCurrentBalance"] == 100.5
    assert main["pendingBalance"] == main["tentativePendingBalance"] == 20
    assert found == {"id": program.id, "name": program.settings.name, "title": "The club"}


async def test_all_programs_are_told_of_at_once(api: Api) -> None:
    ann = await api.member(await api.program(), points="1")
    for points in ("2", "3"):
        await api.member(await api.program(), points=points, name=ann.name)
    found = await programs(api, ann.name)
    assert [each["ledger"]["currentBalance"] for each in found.values()] == [1, 2, 3]


async def test_what_was_deleted_is_not_told_of(ann: Member) -> None:
    response = await ann.api.shop.post(
        f"{ann.path}/delete_transactions", json={"scope": "AllSubledgers"}
    )
    assert response.status_code == 204
    assert await programs(ann.api, ann.name) == {}


async def test_a_key_of_another_environment_sees_other_profiles(api: Api) -> None:
    program = await api.program(sandbox=True)
    ann = await api.member(program)
    assert (await api.shop.get(path(ann.name))).status_code == 404
    key = await new_key(api.context, CallerKind.INTEGRATION, sandbox=True)
    answer = await new_client(api.app, key).get(path(ann.name), params={"loyalty": True})
    assert exact(answer)["loyalty"]["programs"].keys() == {str(program.id)}


async def test_a_key_of_an_application_sees_the_programs_it_reaches(api: Api) -> None:
    mine, other = (await api.application())["id"], (await api.application())["id"]
    connected = [(), (mine,), (other,), (mine, other)]
    programs_ = [await api.program(subscribed_applications=each) for each in connected]
    ann = await api.member(programs_[0])
    for program in programs_[1:]:
        await api.member(program, name=ann.name)
    shop = await api.shop_of(mine)
    answer = exact(await shop.get(path(ann.name), params={"loyalty": True}))
    reached = [str(programs_[n].id) for n in (0, 1, 3)]
    assert list(answer["loyalty"]["programs"]) == reached
    body = {"responseContent": ["loyalty"]}
    told = exact(await shop.put(f"/v2/customer_profiles/{in_path(ann.name)}", json=body))
    assert list(told["loyalty"]["programs"]) == reached


# Join dates


async def test_a_join_date_is_in_the_time_zone_of_the_program(api: Api) -> None:
    program = await api.program(join_policy=JoinPolicy.POINTS_EARNED, timezone="Asia/Kolkata")
    ann = await api.member(program)
    [found] = (await programs(api, ann.name)).values()
    assert found["joinDate"] == "2026-06-15T17:30:00+05:30"


@pytest.mark.parametrize("policy", [None, JoinPolicy.NOT_JOIN])
async def test_nobody_joins_a_program_without_a_join_policy(
    api: Api, policy: JoinPolicy | None
) -> None:
    ann = await api.member(await api.program(join_policy=policy))
    [found] = (await programs(api, ann.name)).values()
    assert "joinDate" not in found


async def test_who_joined_without_points_is_in_the_program(api: Api) -> None:
    program, ann = await api.program(), Member(api=api, program=await api.program(), name="jo")
    response = await api.shop.post(f"{ann.path}/join")
    assert response.status_code == 200
    [found] = (await programs(api, "jo")).values()
    assert found["ledger"] == ZEROS
    assert found["joinDate"] == "2026-06-15T12:00:00+00:00"
    assert found["id"] != program.id


# The days ahead


async def test_a_projection_tells_day_by_day_what_comes(api: Api) -> None:
    program = await api.program(timezone="Europe/Berlin")
    ann = await api.member(program, points="100")
    await ann.add(20, pendingUntil="2026-06-16T10:00:00Z")
    await ann.add(30, validUntil="2026-06-17T10:00:00Z")
    end = "2026-06-17T21:00:00Z"  # 23:00 in Berlin
    [found] = (await programs(api, ann.name, loyaltyProjectionEndDate=end)).values()
    assert found["ledger"]["projection"] == {
        "projections": [
            {
                "date": "2026-06-16T23:59:59+02:00",
                "expiringPoints": 0,
                "activatingPoints": 20,
                "projectedBalance": 150,
            },
            {
                "date": "2026-06-17T23:59:59+02:00",
                "expiringPoints": 30,
                "activatingPoints": 20,
                "projectedBalance": 120,
            },
        ],
        "totalExpiringPoints": 30,
        "totalActivatingPoints": 20,
    }


async def test_every_subledger_has_its_projection(ann: Member) -> None:
    await ann.add(5, subledgerId="store", pendingDuration="1D")
    [found] = (
        await programs(ann.api, ann.name, loyaltyProjectionEndDate="2026-06-16T12:00:00Z")
    ).values()
    assert found["ledger"]["projection"]["projections"][0]["projectedBalance"] == 100
    assert found["subLedgers"]["store"]["projection"]["totalActivatingPoints"] == 5


async def test_a_projection_to_the_end_of_today_has_no_days(ann: Member) -> None:
    [found] = (
        await programs(ann.api, ann.name, loyaltyProjectionEndDate="2026-06-15T23:59:59Z")
    ).values()
    assert found["ledger"]["projection"] == {
        "projections": [],
        "totalExpiringPoints": 0,
        "totalActivatingPoints": 0,
    }


async def test_a_projection_goes_31_days_ahead(ann: Member) -> None:
    end = (NOW + timedelta(days=31)).isoformat()
    [found] = (await programs(ann.api, ann.name, loyaltyProjectionEndDate=end)).values()
    days = [day["date"] for day in found["ledger"]["projection"]["projections"]]
    ends = "2026-06-16T23:59:59+00:00", "2026-07-16T23:59:59+00:00"
    assert (len(days), days[0], days[-1]) == (31, *ends)


@pytest.mark.parametrize(
    "end", ["2026-06-15T11:59:59Z", "2026-07-16T12:00:01Z", "2026-08-01", "tomorrow"]
)
async def test_a_projection_into_the_past_or_too_far_is_refused(ann: Member, end: str) -> None:
    response = await ann.api.shop.get(
        path(ann.name), params={"loyalty": True, "loyaltyProjectionEndDate": end}
    )
    assert refusal(response, 400)["parameter"] == "loyaltyProjectionEndDate"
