"""Programs: listed, found, made, changed and deleted."""

from typing import Any

import httpx
import pytest

from api.harness import Api, Member, exact, program_path, refusal
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
    "canUpdateTiers": True,
    "canUpdateJoinPolicy": True,
    "canUpdateTierExpirationPolicy": True,
    "canUpgradeToAdvancedTiers": True,
    "canUpdateSubledgers": True,
}
MOST = {
    "title": "Corner Shop Rewards",
    "description": "One point\nfor every euro",
    "timezone": "America/New_York",
    "sandbox": True,
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


async def test_a_program_names_applications_that_exist(api: Api) -> None:
    numbers = [(await api.application(sandbox=True))["id"] for _ in range(2)]
    made = await create(api, sandbox=True, subscribedApplications=numbers[::-1])
    assert made["subscribedApplications"] == numbers[::-1]
    for wrong in ({"sandbox": False, "subscribedApplications": numbers}, {}):
        body = {"name": new_name("x"), "timezone": "UTC", "subscribedApplications": [99999]} | wrong
        found = refusal(await api.manager.post(PROGRAMS, json=body), 400)
        assert found["pointer"] == "/subscribedApplications"


# Changing


async def put(api: Api, made: dict[str, Any], **body: Any) -> httpx.Response:
    """Change a program."""
    return await api.manager.put(f"{PROGRAMS}/{made['id']}", json=body)


async def test_what_is_left_out_stays_as_it_is(api: Api) -> None:
    made = await create(api, **MOST)
    assert exact(await put(api, made)) == made
    changed = exact(await put(api, made, title="New", returnPolicy="only_pending"))
    assert changed == {**made, "title": "New", "returnPolicy": "only_pending"}
    assert exact(await api.manager.get(f"{PROGRAMS}/{made['id']}")) == changed


@pytest.mark.parametrize(
    "body",
    [
        {"title": "T", "description": "D", "defaultPending": "on_action", "defaultValidity": "9D"},
        {"allowSubledger": True, "programJoinPolicy": "points_activated"},
        {"tiersExpirationPolicy": "program_join_date", "tiersExpireIn": "1Y",
         "tiersDowngradePolicy": "balance_based"},
        {"tiersExpirationPolicy": "absolute_expiration", "tiersExpireIn": "6M",
         "tierCycleStartDate": "2027-02-01T00:00:00Z", "tiersDowngradePolicy": "one_down"},
    ],
    ids=["always", "early", "tier expiry", "tier cycles"],
)  # fmt: skip
async def test_settings_of_profiles_change(api: Api, body: dict[str, Any]) -> None:
    made = await create(api)
    assert body.items() <= exact(await put(api, made, **body)).items()


async def test_settings_of_cards_change(api: Api) -> None:
    made = await create(api, **CARDS)
    codes = {"validCharacters": ["7"], "couponPattern": "CARD-##"}
    changed = exact(await put(api, made, usersPerCardLimit=3, cardCodeSettings=codes))
    assert (changed["usersPerCardLimit"], changed["cardCodeSettings"]) == (3, codes)


async def test_null_takes_back_what_was_chosen(api: Api) -> None:
    made = await create(api, **MOST)
    names = ["tiersExpirationPolicy", "tierCycleStartDate", "tiersExpireIn", "tiersDowngradePolicy"]
    changed = exact(await put(api, made, programJoinPolicy=None, **dict.fromkeys(names)))
    assert changed.keys() == made.keys() - {*names, "programJoinPolicy"}


async def test_a_whole_program_can_be_sent_back(api: Api) -> None:
    made = await create(api, **MOST, tiers=[{"name": "Gold", "minPoints": 5}])
    assert exact(await put(api, made, **made)) == made


async def test_tiers_keep_their_ids_by_id_or_by_name(api: Api) -> None:
    tiers = [{"name": name, "minPoints": least} for name, least in (("A", 0), ("B", 10), ("C", 20))]
    made = await create(api, tiers=tiers)
    a, b, c = (tier["id"] for tier in made["tiers"])
    wanted = [
        {"id": a, "minPoints": 1.25},
        {"name": "B", "minPoints": 0},
        {"id": c, "name": "Top"},
        {"name": "New", "minPoints": 5},
    ]
    found = exact(await put(api, made, tiers=wanted))["tiers"]
    assert [(tier["name"], str(tier["minPoints"])) for tier in found] == [
        ("B", "0"), ("A", "1.25"), ("New", "5"), ("Top", "20"),
    ]  # fmt: skip
    assert [found[0]["id"], found[1]["id"], found[3]["id"]] == [b, a, c]
    assert found[2]["id"] not in {a, b, c}
    assert exact(await put(api, made, tiers=[]))["tiers"] == []


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": "other"}, "/name"),
        ({"timezone": "UTC"}, "/timezone"),
        ({"cardBased": True}, "/cardBased"),
        ({"sandbox": True}, "/sandbox"),
        ({"title": None}, "/title"),
        ({"title": 7}, "/title"),
        ({"subscribedApplications": [99999]}, "/subscribedApplications"),
        ({"defaultValidity": "1Y"}, "/defaultValidity"),
        ({"tierCycleStartDate": "soon"}, "/tierCycleStartDate"),
        ({"tiers": [{"name": "New"}]}, "/tiers/0/minPoints"),
        ({"tiers": [{"minPoints": 3}]}, "/tiers/0/name"),
        ({"tiers": [{"id": 99999, "name": "x", "minPoints": 3}]}, "/tiers/0/id"),
        ({"tiers": [{"name": "Gold"}, {"name": "Gold"}]}, "/tiers/1/id"),
        ({"tiers": [{"name": "Gold", "minPoints": None}]}, "/tiers/0/minPoints"),
        ({"tiers": [{"name": "Gold", "minPoints": -1}]}, "/tiers/0/minPoints"),
    ],
    ids=str,
)
async def test_a_wrong_change_is_named_and_changes_nothing(
    api: Api, wrong: dict[str, Any], pointer: str
) -> None:
    made = await create(api, tiers=[{"name": "Gold", "minPoints": 100}])
    found = refusal(await put(api, made, description="new", **wrong), 400)
    assert ("invalid_field", pointer) == (found["title"], found["pointer"])
    assert exact(await api.manager.get(f"{PROGRAMS}/{made['id']}")) == made


async def test_flags_tell_what_the_first_transaction_settles(api: Api, ann: Member) -> None:
    path = program_path(ann.program)
    told = exact(await api.manager.get(path))
    flags = [name for name in told if name.startswith("canUp")]
    assert len(flags) == 5
    assert not any(told[name] for name in flags)
    for wrong in (
        {"allowSubledger": False},
        {"programJoinPolicy": "points_earned"},
        {"tiers": [{"name": "A", "minPoints": 1}]},
        {"tiersExpirationPolicy": "customer_attribute", "tiersDowngradePolicy": "one_down"},
    ):
        found = refusal(await api.manager.put(path, json=wrong), 400)
        assert found["pointer"] == f"/{next(iter(wrong))}"
        assert "it can no longer change" in found["details"]
    listed = exact(await api.manager.get(PROGRAMS))["data"]
    assert told in listed


async def test_if_match_keeps_two_people_from_undoing_each_other(api: Api) -> None:
    made = await create(api)
    path = f"{PROGRAMS}/{made['id']}"
    tag = (await api.manager.get(path)).headers["etag"]
    first = await api.manager.put(path, json={"title": "First"}, headers={"If-Match": tag})
    assert first.status_code == 200
    for method in ("PUT", "DELETE"):
        second = await api.manager.request(
            method, path, json={"title": "Second"}, headers={"If-Match": tag}
        )
        assert refusal(second, 412)["title"] == "state_changed"
    anew = (await api.manager.get(path)).headers["etag"]
    for header, status in ((f"W/{anew}", 412), (f'"x", {anew}', 200), ("*", 200)):
        again = await api.manager.put(path, json={}, headers={"If-Match": header})
        assert again.status_code == status
    assert exact(await api.manager.get(path))["title"] == "First"


# Deleting


async def test_an_unused_program_is_deleted(api: Api) -> None:
    made = await create(api)
    path = f"{PROGRAMS}/{made['id']}"
    answer = await api.manager.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "DELETE", "PUT"):
        found = refusal(await api.manager.request(method, path, json={}), 404)
        assert "no loyalty program" in found["details"]


async def test_a_program_that_was_used_is_kept(api: Api, ann: Member) -> None:
    found = refusal(await api.manager.delete(program_path(ann.program)), 409)
    assert found["title"] == "in_use"
    assert "keep it" in found["details"]
    assert (await ann.balance())["active"] == 100


async def test_a_program_that_applications_use_is_kept(api: Api) -> None:
    made = await create(api, subscribedApplications=[(await api.application())["id"]])
    path = f"{PROGRAMS}/{made['id']}"
    assert "subscribed applications" in refusal(await api.manager.delete(path), 409)["details"]
    await put(api, made, subscribedApplications=[])
    assert (await api.manager.delete(path)).status_code == 204


async def test_a_change_tells_who_made_it(api: Api) -> None:
    made = await create(api)
    admin = await api.person(is_admin=True)
    path = f"{PROGRAMS}/{made['id']}"
    await admin.put(path, json={"title": "Renamed"})
    changes = exact(await api.manager.get("/v1/changes", params={"entityPath": path}))["data"]
    [change] = [each for each in changes if each.get("old")]
    assert change["userId"] == admin.id
    assert change["new"]["title"] == "Renamed"
