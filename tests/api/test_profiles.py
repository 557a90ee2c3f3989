"""Profiles: told about one by one and many at a time, and what is refused."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from api.harness import Api, exact, in_path, refusal
from services.harness import NOW, new_name

CREATED = "2026-06-15T12:00:00Z"


async def tell(api: Api, name: str, body: Any = None, **parameters: Any) -> httpx.Response:
    """Tell about a profile."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body or {})
    return await api.shop.put(
        f"/v2/customer_profiles/{in_path(name)}", content=content, params=parameters
    )


async def known(api: Api, name: str) -> dict[str, Any]:
    """The profile as the inventory has it."""
    path = f"/v1/customer_profiles/{in_path(name)}/inventory"
    found: dict[str, Any] = exact(await api.shop.get(path, params={"profile": True}))["profile"]
    return found


async def attributes(api: Api, name: str) -> dict[str, Any]:
    """What is known of a profile."""
    found: dict[str, Any] = (await known(api, name))["attributes"]
    return found


async def test_a_profile_is_made_and_nothing_is_told_that_was_not_asked(api: Api) -> None:
    ann = new_name("ann")
    answer = exact(await tell(api, ann, {"attributes": {"Language": "english"}}))
    assert answer == {"effects": [], "createdCoupons": [], "createdReferrals": []}
    profile = await known(api, ann)
    assert profile.pop("id") > 0
    assert profile == {
        "created": CREATED,
        "integrationId": ann,
        "attributes": {"Language": "english"},
        "accountId": 1,
        "closedSessions": 0,
        "totalSales": 0,
        "audienceMemberships": [],
        "lastActivity": CREATED,
        "sandbox": False,
    }


async def test_attributes_that_are_named_change_and_the_others_stay(api: Api) -> None:
    ann = new_name("ann")
    given = [
        {"a": 1, "b": {"c": [1, 2]}, "keep": "x"},
        {"a": 2, "b": {"d": 3}},
        {"a": None, "new": False, "nothing": None},
        {},
    ]
    for each in given:
        exact(await tell(api, ann, {"attributes": each}))
    assert await attributes(api, ann) == {"b": {"d": 3}, "keep": "x", "new": False}


async def test_updates_at_once_lose_no_attribute(api: Api) -> None:
    ann = new_name("ann")
    names = [f"a{n}" for n in range(20)]
    await asyncio.gather(*(tell(api, ann, {"attributes": {name: 1}}) for name in names))
    assert (await attributes(api, ann)).keys() == set(names)


async def test_a_null_deep_inside_an_attribute_stays(api: Api) -> None:
    ann = new_name("ann")
    await tell(api, ann, {"attributes": {"a": {"b": None}, "c": None, "d": [None]}})
    assert await attributes(api, ann) == {"a": {"b": None}, "d": [None]}


async def test_a_profile_knows_when_it_was_told_about(api: Api) -> None:
    ann = new_name("ann")
    await tell(api, ann)
    api.clock.now = NOW + timedelta(hours=1)
    await tell(api, ann)
    profile = await known(api, ann)
    assert (profile["created"], profile["lastActivity"]) == (CREATED, "2026-06-15T13:00:00Z")


async def test_the_answer_has_what_is_asked_for(api: Api) -> None:
    program = await api.program()
    ann = await api.member(program, points="40")
    parts = [
        "customerProfile", "loyalty", "triggeredCampaigns", "event", "awardedGiveaways",
        "ruleFailureReasons", "campaignEligibility", "achievements",
    ]  # fmt: skip
    answer = exact(await tell(api, ann.name, {"responseContent": parts}))
    assert answer.pop("customerProfile") == await known(api, ann.name)
    assert answer.pop("loyalty")["programs"][str(program.id)]["ledger"]["currentBalance"] == 40
    assert answer == {
        "effects": [],
        "createdCoupons": [],
        "createdReferrals": [],
        "triggeredCampaigns": [],
        "awardedGiveaways": [],
        "ruleFailureReasons": [],
        "campaignEligibility": [],
    }


async def test_whoever_was_imported_gets_attributes(api: Api) -> None:
    ann = await api.member(await api.program())
    assert await attributes(api, ann.name) == {}
    await tell(api, ann.name, {"attributes": {"a": 1}})
    assert await attributes(api, ann.name) == {"a": 1}


async def test_a_dry_run_tells_what_would_be_and_writes_nothing(api: Api) -> None:
    ann = new_name("ann")
    body = {"attributes": {"a": 1}, "responseContent": ["customerProfile", "loyalty"]}
    told = exact(await tell(api, ann, body, dry=True, runRuleEngine=True))
    assert told["customerProfile"]["attributes"] == {"a": 1}
    assert told["loyalty"] == {"programs": {}, "cards": []}
    path = f"/v1/customer_profiles/{in_path(ann)}/inventory"
    assert refusal(await api.shop.get(path), 404)["title"] == "not_found"
    await tell(api, ann, {"attributes": {"b": 1}})
    told = exact(await tell(api, ann, body, dry="True"))
    assert told["customerProfile"]["attributes"] == {"a": 1, "b": 1}
    assert await attributes(api, ann) == {"b": 1}


async def test_names_are_taken_as_they_are(api: Api) -> None:
    for name in ("a/b c", "Ä 1", "x" * 1000, "..", "%2F"):
        await tell(api, name)
        assert (await known(api, name))["integrationId"] == name


async def test_numbers_keep_their_digits(api: Api) -> None:
    ann = new_name("ann")
    await tell(api, ann, b'{"attributes": {"n": 12345678901234567890.123456789}}')
    path = f"/v1/customer_profiles/{in_path(ann)}/inventory?profile=true"
    assert '"n":12345678901234567890.123456789' in (await api.shop.get(path)).text.replace(" ", "")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (rb'{"attributes": {"a": "\u0000"}}', "/attributes/a"),
        (rb'{"attributes": {"a": ["\ud800"]}}', ""),
        (rb'{"attributes": {"a": {"\u0000": 1}}}', "/attributes/a"),
        (rb'{"attributes": {"a": 1e400}}', "/attributes/a"),
        (rb'{"attributes": {"a": %s}}' % (b"[" * 900 + b"]" * 900), "/attributes/a"),
        (rb'{"attributes": {"a.b/c": "\u0000"}}', "/attributes"),
        (rb'{"attributes": {"": 1}}', "/attributes"),
        (rb'{"attributes": {"a\u0000": 1}}', "/attributes"),
        (rb'{"attributes": []}', "/attributes"),
        (rb'{"attributes": null}', "/attributes"),
        (rb'{"responseContent": ["everything"]}', "/responseContent/0"),
        (b"[]", ""),
    ],
)
async def test_what_cannot_be_kept_is_refused(api: Api, body: bytes, pointer: str) -> None:
    problem = refusal(await tell(api, new_name("ann"), body), 400)
    assert problem["pointer"] == pointer


@pytest.mark.parametrize("name", ["x" * 1001, "a\nb", "a\x00"])
async def test_a_name_that_cannot_be_is_refused(api: Api, name: str) -> None:
    assert refusal(await tell(api, name), 400)["parameter"] == "integrationId"


async def test_only_shops_tell_about_profiles(api: Api) -> None:
    response = await api.manager.put("/v2/customer_profiles/ann", json={})
    assert refusal(response, 401)["title"] == "not_signed_in"


# Many at once


def many(*profiles: tuple[str, Any]) -> dict[str, Any]:
    """The body of an update of many."""
    return {
        "customerProfiles": [
            {"integrationId": name, "attributes": given} for name, given in profiles
        ]
    }


async def test_many_profiles_are_told_about_silently(api: Api) -> None:
    names = [new_name("many") for _ in range(1000)]
    body = many(*((name, {"name": name}) for name in names))
    response = await api.shop.put("/v2/customer_profiles", json=body)
    assert (response.status_code, response.content) == (204, b"")
    assert await attributes(api, names[0]) == {"name": names[0]}
    assert await attributes(api, names[999]) == {"name": names[999]}


async def test_many_profiles_come_back_in_the_order_of_the_request(api: Api) -> None:
    ann, bob = new_name("ann"), new_name("bob")
    body = many((bob, {"a": 1}), (ann, {"a": 2}), (bob, {"b": 3, "a": None}))
    answer = exact(await api.shop.put("/v2/customer_profiles?silent=no", json=body))
    told = [
        (each["customerProfile"]["integrationId"], each["customerProfile"]["attributes"])
        for each in answer["integrationStates"]
    ]
    assert told == [(bob, {"b": 3}), (ann, {"a": 2}), (bob, {"b": 3})]
    assert (await known(api, bob))["id"] == answer["integrationStates"][0]["customerProfile"]["id"]


async def test_no_profile_at_all_is_nothing_to_do(api: Api) -> None:
    answer = await api.shop.put("/v2/customer_profiles?silent=no", json=many())
    assert exact(answer) == {"integrationStates": []}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (many(*((f"p{n}", {}) for n in range(1001))), "/customerProfiles"),
        ({}, "/customerProfiles"),
        ({"customerProfiles": [{}]}, "/customerProfiles/0/integrationId"),
        (many(("refused", {}), ("", {})), "/customerProfiles/1/integrationId"),
        (many(("refused", {}), ("x" * 1001, {})), "/customerProfiles/1/integrationId"),
        (many(("refused", {}), ("x", {"a": "\0"})), "/customerProfiles/1/attributes/a"),
    ],
)
async def test_all_are_refused_or_none(api: Api, body: dict[str, Any], pointer: str) -> None:
    problem = refusal(await api.shop.put("/v2/customer_profiles", json=body), 400)
    assert problem["pointer"] == pointer
    path = "/v1/customer_profiles/refused/inventory"
    assert (await api.shop.get(path)).status_code == 404


async def test_silent_is_yes_or_no(api: Api) -> None:
    response = await api.shop.put("/v2/customer_profiles?silent=maybe", json=many())
    assert refusal(response, 400)["parameter"] == "silent"
