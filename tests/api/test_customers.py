"""Customers as back offices list, find and search them."""

from typing import Any

import httpx
import pytest

from api.harness import Api, exact, in_path, new_client, new_key, refusal
from services.harness import new_name
from tallystick.services.callers import CallerKind

ALL = "/v1/customers/no_total"
SEARCH = "/v1/customer_search/no_total"


async def known(api: Api, **attributes: Any) -> dict[str, Any]:
    """A new profile with these attributes."""
    return await known_to(api.shop, **attributes)


async def known_to(shop: httpx.AsyncClient, **attributes: Any) -> dict[str, Any]:
    """The same, told of by a shop."""
    body = {"attributes": attributes, "responseContent": ["customerProfile"]}
    path = f"/v2/customer_profiles/{in_path(new_name('customer'))}"
    profile: dict[str, Any] = exact(await shop.put(path, json=body))["customerProfile"]
    return profile


async def sandbox_shop(api: Api) -> httpx.AsyncClient:
    """The client of a shop in the sandbox."""
    return new_client(api.app, await new_key(api.context, CallerKind.INTEGRATION, sandbox=True))


async def ids(api: Api, path: str, body: Any = None, **parameters: Any) -> list[int]:
    """The ids that come back."""
    if body is None:
        answer = exact(await api.manager.get(path, params=parameters))
    else:
        answer = exact(await api.manager.post(path, json=body, params=parameters))
    return [each["id"] for each in answer["data"]]


async def test_a_customer_is_found_by_number(api: Api) -> None:
    ann = await known(api, Language="english")
    assert exact(await api.manager.get(f"/v1/customers/{ann['id']}")) == ann


@pytest.mark.parametrize("number", ["999999999", "0", "ann", "9999999999999999999"])
async def test_a_number_that_nobody_has_is_not_found(api: Api, number: str) -> None:
    assert refusal(await api.manager.get(f"/v1/customers/{number}"), 404)["title"] == "not_found"


async def test_customers_come_page_by_page_in_the_order_of_their_ids(api: Api) -> None:
    made = [(await known(api))["id"] for _ in range(3)]
    everybody = await ids(api, ALL)
    assert everybody[-3:] == made
    before = len(everybody) - 3
    answer = exact(await api.manager.get(ALL, params={"skip": before, "pageSize": 2}))
    assert answer["hasMore"] is True
    assert [each["id"] for each in answer["data"]] == made[:2]
    answer = exact(await api.manager.get(ALL, params={"skip": before + 1, "pageSize": 2}))
    assert answer["hasMore"] is False
    assert [each["id"] for each in answer["data"]] == made[1:]


async def test_the_sandbox_has_customers_of_its_own(api: Api) -> None:
    ann = await known_to(await sandbox_shop(api))
    assert ann["sandbox"] is True
    assert ann["id"] not in await ids(api, ALL)
    assert ann["id"] in await ids(api, ALL, sandbox=True)
    assert exact(await api.manager.get(f"/v1/customers/{ann['id']}")) == ann


async def test_whoever_was_imported_is_a_customer(api: Api) -> None:
    ann = await api.member(await api.program())
    found = exact(await api.manager.get(ALL))["data"][-1]
    assert (found["integrationId"], found["attributes"]) == (ann.name, {})


@pytest.mark.parametrize(
    ("parameter", "value"), [("pageSize", 0), ("pageSize", 1001), ("skip", -1), ("sandbox", "?")]
)
async def test_a_wrong_page_is_refused(api: Api, parameter: str, value: object) -> None:
    response = await api.manager.get(ALL, params={parameter: str(value)})
    assert refusal(response, 400)["parameter"] == parameter


# Searching


async def test_customers_are_found_by_all_their_attributes(api: Api) -> None:
    city = new_name("city")
    ann, bob = [await known(api, city=city, age=age, more=[1]) for age in (30, 40)]
    await known(api, city=new_name("city"), age=30)
    assert await ids(api, SEARCH, {"attributes": {"city": city}}) == [ann["id"], bob["id"]]
    assert await ids(api, SEARCH, {"attributes": {"city": city, "age": 40}}) == [bob["id"]]
    assert await ids(api, SEARCH, {"attributes": {"city": city, "age": "40"}}) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"x": {"a": 1, "b": [1, 2]}}, True),
        ({"x": {"a": 1}}, False),
        ({"y": [1, 2]}, True),
        ({"y": [2, 1]}, False),
        ({"y": [1]}, False),
        ({"y": 1}, False),
        ({"z": True}, True),
        ({"z": None}, False),
        ({"none": None}, False),
        ({"n": 1.0}, True),
        ({}, True),
    ],
)
async def test_an_attribute_is_matched_exactly(
    api: Api, wanted: dict[str, Any], *, found: bool
) -> None:
    city = new_name("city")
    ann = await known(api, x={"a": 1, "b": [1, 2]}, y=[1, 2], z=True, n=1, city=city)
    told = await ids(api, SEARCH, {"attributes": {**wanted, "city": city}})
    assert told == ([ann["id"]] if found else [])


async def test_customers_are_found_by_their_ids(api: Api) -> None:
    ann, bob, eve = [await known(api, n=n) for n in (1, 2, 3)]
    names = [bob["integrationId"], "nobody", ann["integrationId"]]
    assert await ids(api, SEARCH, {"integrationIDs": names}) == [ann["id"], bob["id"]]
    numbers = [bob["id"], eve["id"], 999_999_999]
    assert await ids(api, SEARCH, {"profileIDs": numbers}) == [bob["id"], eve["id"]]
    both = {"integrationIDs": names, "profileIDs": numbers}
    assert await ids(api, SEARCH, both) == [bob["id"]]
    assert await ids(api, SEARCH, {**both, "attributes": {"n": 2}}) == [bob["id"]]
    assert await ids(api, SEARCH, {**both, "attributes": {"n": 1}}) == []
    assert await ids(api, SEARCH, {"profileIDs": numbers}, skip=1) == [eve["id"]]
    assert await ids(api, SEARCH, {"profileIDs": numbers}, sandbox=True) == []
    assert await ids(api, SEARCH, {"integrationIDs": names}, sandbox=True) == []
    assert await ids(api, SEARCH, {"profileIDs": []}) == []


async def test_a_search_for_nothing_finds_everybody(api: Api) -> None:
    await known(api)
    assert await ids(api, SEARCH, {}) == await ids(api, ALL)


async def test_a_search_has_pages(api: Api) -> None:
    city = new_name("city")
    made = [(await known(api, city=city))["id"] for _ in range(3)]
    body = {"attributes": {"city": city}}
    answer = exact(await api.manager.post(SEARCH, json=body, params={"pageSize": 2}))
    assert answer["hasMore"] is True
    assert await ids(api, SEARCH, body, pageSize=2, skip=2) == made[2:]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"attributes": {"a": "\0"}}, "/attributes/a"),
        ({"attributes": []}, "/attributes"),
        ({"integrationIDs": [1]}, "/integrationIDs/0"),
        ({"profileIDs": ["1"]}, "/profileIDs/0"),
        ({"profileIDs": [2**63]}, "/profileIDs/0"),
        ({"profileIDs": list(range(1001))}, "/profileIDs"),
    ],
)
async def test_a_wrong_search_is_refused(api: Api, body: Any, pointer: str) -> None:
    assert refusal(await api.manager.post(SEARCH, json=body), 400)["pointer"] == pointer


async def test_a_name_that_cannot_be_finds_nobody(api: Api) -> None:
    assert await ids(api, SEARCH, {"integrationIDs": ["\0", "", "x" * 5000]}) == []


# Of an application


async def test_an_application_has_the_customers_of_its_environment(api: Api) -> None:
    live, sandbox = await api.application(), await api.application(sandbox=True)
    ann, bob = await known(api), await known_to(await sandbox_shop(api))
    for application, mine, other in ((live, ann, bob), (sandbox, bob, ann)):
        path = f"/v1/applications/{application['id']}/customers"
        found = await ids(api, path)
        assert mine["id"] in found
        assert other["id"] not in found
        assert exact(await api.manager.get(f"{path}/{mine['id']}")) == mine
        response = await api.manager.get(f"{path}/{other['id']}")
        assert refusal(response, 404)["title"] == "not_found"


async def test_an_application_does_not_see_who_was_only_imported(api: Api) -> None:
    path = f"/v1/applications/{(await api.application())['id']}/customers"
    ann = await api.member(await api.program())
    number = exact(await api.manager.get(ALL))["data"][-1]["id"]
    assert number not in await ids(api, path)
    assert await ids(api, path, integrationId=ann.name) == []
    assert (await api.manager.get(f"{path}/{number}")).status_code == 404
    await api.shop.put(f"/v2/customer_profiles/{in_path(ann.name)}", json={})
    assert number in await ids(api, path)
    assert await ids(api, path, integrationId=ann.name) == [number]


async def test_an_application_is_searched_by_attributes(api: Api) -> None:
    path = f"/v1/applications/{(await api.application())['id']}/customer_search"
    city = new_name("city")
    made = [(await known(api, city=city))["id"] for _ in range(3)]
    body, parameters = {"attributes": {"city": city}}, {"pageSize": 2, "withTotalResultSize": True}
    answer = exact(await api.manager.post(path, json=body, params=parameters))
    assert (answer["hasMore"], answer["totalResultSize"]) == (True, 3)
    assert [each["id"] for each in answer["data"]] == made[:2]
    assert "totalResultSize" not in exact(await api.manager.post(path, json=body))


async def test_the_customers_of_an_application_are_counted_if_asked(api: Api) -> None:
    path = f"/v1/applications/{(await api.application())['id']}/customers"
    ann = await known(api)
    parameters: dict[str, Any] = {"withTotalResultSize": "true", "pageSize": 1}
    answer = exact(await api.manager.get(path, params=parameters))
    assert answer["totalResultSize"] == len(await ids(api, path))
    parameters["integrationId"] = ann["integrationId"]
    assert exact(await api.manager.get(path, params=parameters))["totalResultSize"] == 1


@pytest.mark.parametrize("path", ["customers", "customers/1"])
async def test_an_unknown_application_is_not_found(api: Api, path: str) -> None:
    response = await api.manager.get(f"/v1/applications/999999/{path}")
    assert refusal(response, 404)["details"] == "there is no application '999999'"


async def test_shops_do_not_list_customers(api: Api) -> None:
    assert (await api.shop.get(ALL)).status_code == 401
