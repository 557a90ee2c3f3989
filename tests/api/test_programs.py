"""`getLoyaltyPrograms`, `getLoyaltyProgram` and `createLoyaltyProgram`."""

from typing import Any

import pytest

from api.harness import Api, exact, program_path, refusal
from services.harness import new_name

PROGRAMS = "/v1/loyalty_programs"

LEAST = {
    "title": "{name}",
    "description": "",
    "timezone": "Europe/Berlin",
    "cardBased": False,
    "sandbox": False,
    "subscribedApplications": [],
    "defaultPending": "immediate",
    "defaultValidity": "unlimited",
    "allowSubledger": False,
    "returnPolicy": "only_pending",
    "tiers": [],
    "accountID": 1,
    "created": "2026-06-15T12:00:00Z",
    "canUpdateTiers": False,
    "canUpdateJoinPolicy": False,
    "canUpdateTierExpirationPolicy": False,
    "canUpgradeToAdvancedTiers": False,
    "canUpdateSubledgers": False,
}
MOST = {
    "title": "Corner Shop Rewards",
    "description": "One point\nfor every euro",
    "timezone": "America/New_York",
    "sandbox": True,
    "subscribedApplications": [7, 3],
    "defaultPending": "7D",
    "defaultValidity": "12M_U",
    "allowSubledger": True,
    "programJoinPolicy": "points_earned",
    "returnPolicy": "unlimited",
    "tiersExpirationPolicy": "absolute_expiration",
    "tierCycleStartDate": "2027-01-01T00:00:00Z",
    "tiersExpireIn": "1Y",
    "tiersDowngradePolicy": "one_down",
}
CARDS = {
    "cardBased": True,
    "usersPerCardLimit": 0,
    "cardCodeSettings": {"validCharacters": ["A", "B"], "couponPattern": "SHOP-####"},
}


async def create(api: Api, **settings: Any) -> dict[str, Any]:
    """The answer to a program that is made."""
    body = {"name": new_name("made"), "timezone": "Europe/Berlin", **settings}
    answer = await api.manager.post(PROGRAMS, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = exact(answer)
    assert made["name"] == body["name"]
    return made


async def test_a_name_and_a_time_zone_are_enough(api: Api) -> None:
    made = await create(api)
    name = made.pop("name")
    assert made.pop("id") > 0
    assert made == {**LEAST, "title": name}


@pytest.mark.parametrize("settings", [MOST, CARDS], ids=["profiles", "cards"])
async def test_settings_come_back_as_they_were_chosen(api: Api, settings: dict[str, Any]) -> None:
    made = await create(api, **settings)
    assert settings.items() <= made.items()
    assert exact(await api.manager.get(f"{PROGRAMS}/{made['id']}")) == made
    assert made in exact(await api.manager.get(PROGRAMS))["data"]


async def test_tiers_come_back_lowest_first_with_exact_points(api: Api) -> None:
    body = (
        f'{{"name":"{new_name("tiers")}","timezone":"UTC","tiers":['
        '{"name":"Gold","minPoints":12345678901.23},'
        '{"name":"Silver","minPoints":0.30},{"name":"All","minPoints":0}]}'
    )
    answer = await api.manager.post(PROGRAMS, content=body.encode())
    made = exact(answer)
    assert '"minPoints":12345678901.23' in answer.text
    tiers = [(tier["name"], str(tier["minPoints"])) for tier in made["tiers"]]
    assert tiers == [("All", "0"), ("Silver", "0.30"), ("Gold", "12345678901.23")]
    for tier in made["tiers"]:
        assert tier.keys() == {"id", "created", "programID", "name", "minPoints"}
        assert tier["programID"] == made["id"]
    assert exact(await api.manager.get(f"{PROGRAMS}/{made['id']}")) == made


async def test_what_older_clients_need_is_never_null(api: Api) -> None:
    made = await create(api)
    assert None not in made.values()


async def test_all_programs_are_listed_in_the_order_of_their_ids(api: Api) -> None:
    made = [await api.program() for _ in range(2)]
    listed = exact(await api.manager.get(PROGRAMS))
    ids = [program["id"] for program in listed["data"]]
    assert listed.keys() == {"totalResultSize", "data"}
    assert listed["totalResultSize"] == len(ids)
    assert ids == sorted(ids)
    assert {program.id for program in made} <= set(ids)


@pytest.mark.parametrize("program_id", ["999999", "x", "99999999999", "1.5", "%00"])
async def test_an_unknown_program_is_not_found(api: Api, program_id: str) -> None:
    found = refusal(await api.manager.get(f"{PROGRAMS}/{program_id}"), 404)
    assert "there is no loyalty program" in found["details"]


async def test_a_name_that_is_taken_is_refused(api: Api) -> None:
    program = await api.program()
    body = {"name": program.settings.name, "timezone": "UTC"}
    found = refusal(await api.manager.post(PROGRAMS, json=body), 409)
    assert found["title"] == "already_exists"
    assert f"with the name '{program.settings.name}'; choose another" in found["details"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": "x" * 256}, "/name"),
        ({"title": "a\nb"}, "/title"),
        ({"description": "\x07"}, "/description"),
        ({"timezone": "Berlin"}, "/timezone"),
        ({"timezone": "../etc/passwd"}, "/timezone"),
        ({"timezone": None}, "/timezone"),
        ({"cardBased": "yes"}, "/cardBased"),
        ({"subscribedApplications": ["x"]}, "/subscribedApplications/0"),
        ({"subscribedApplications": [1, 1]}, "/subscribedApplications"),
        ({"subscribedApplications": [2**31]}, "/subscribedApplications"),
        ({"subscribedApplications": [2**63]}, "/subscribedApplications"),
        ({"defaultPending": "1Y"}, "/defaultPending"),
        ({"defaultValidity": "on_action"}, "/defaultValidity"),
        ({"programJoinPolicy": "maybe"}, "/programJoinPolicy"),
        ({"returnPolicy": "UNLIMITED"}, "/returnPolicy"),
        ({"tiers": "Gold"}, "/tiers"),
        ({"tiers": [{"name": "Gold"}]}, "/tiers/0/minPoints"),
        ({"tiers": [{"name": "Gold", "minPoints": -1}]}, "/tiers/0/minPoints"),
        ({"tiers": [{"name": "Gold", "minPoints": "1"}]}, "/tiers/0/minPoints"),
        ({"tiers": [{"name": "Gold", "minPoints": 0.001}]}, "/tiers/0/minPoints"),
        (
            {"tiers": [{"name": "A", "minPoints": 1}, {"name": "A", "minPoints": 2}]},
            "/tiers/1/name",
        ),
        (
            {"tiers": [{"name": "A", "minPoints": 1}, {"name": "B", "minPoints": 1}]},
            "/tiers/1/minPoints",
        ),
        ({"tiersExpireIn": "1Y"}, "/tiersExpireIn"),
        ({**MOST, "tierCycleStartDate": "soon"}, "/tierCycleStartDate"),
        ({**MOST, "tierCycleStartDate": None}, "/tierCycleStartDate"),
        ({"usersPerCardLimit": 1}, "/usersPerCardLimit"),
        ({**CARDS, "usersPerCardLimit": 2**31}, "/usersPerCardLimit"),
        ({**CARDS, "usersPerCardLimit": 2**70}, "/usersPerCardLimit"),
        ({**CARDS, "cardCodeSettings": {"validCharacters": ["A"]}},
         "/cardCodeSettings/couponPattern"),
        ({**CARDS, "cardCodeSettings": {"validCharacters": ["AB"], "couponPattern": "####"}},
         "/cardCodeSettings/validCharacters"),
        ({**CARDS, "tiers": [{"name": "A", "minPoints": 1}]}, "/tiers"),
    ],
    ids=str,
)  # fmt: skip
async def test_a_wrong_setting_is_named(api: Api, wrong: dict[str, Any], pointer: str) -> None:
    before = exact(await api.manager.get(PROGRAMS))["totalResultSize"]
    body = {"name": new_name("wrong"), "timezone": "UTC", **wrong}
    given = {field: value for field, value in body.items() if value is not None}
    found = refusal(await api.manager.post(PROGRAMS, json=given), 400)
    assert ("invalid_field", pointer) == (found["title"], found["pointer"])
    assert exact(await api.manager.get(PROGRAMS))["totalResultSize"] == before


@pytest.mark.parametrize("zero", ["0", "0.0", "0.00", "-0", "0e0"])
async def test_a_tier_may_begin_at_zero_however_it_is_written(api: Api, zero: str) -> None:
    tiers = f'[{{"name":"All","minPoints":{zero}}}]'
    body = f'{{"name":"{new_name("zero")}","timezone":"UTC","tiers":{tiers}}}'
    made = exact(await api.manager.post(PROGRAMS, content=body.encode()))
    assert made["tiers"][0]["minPoints"] == 0


async def test_a_made_program_takes_points_at_once(api: Api) -> None:
    made = await create(api, defaultPending="1D")
    path = f"{PROGRAMS}/{made['id']}"
    files = {"upFile": b"customerprofileid,amount\nann,5"}
    assert (await api.manager.post(f"{path}/import_points", files=files)).status_code == 200
    answer = await api.shop.get(f"{path}/profile/ann/balances")
    assert exact(answer)["balance"]["activePoints"] == 5


async def test_a_program_is_known_by_its_path(api: Api) -> None:
    program = await api.program()
    assert exact(await api.manager.get(program_path(program)))["id"] == program.id
