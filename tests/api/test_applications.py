"""Applications, and what an integration key of one reaches."""

from typing import Any

import pytest

from api.harness import Api, exact, new_client, new_key, program_path, refusal
from services.harness import new_name
from tallystick.core.ids import ApplicationId
from tallystick.core.programs import Program
from tallystick.services.callers import CallerKind

CREATED = "2026-06-15T12:00:00Z"


async def connected(api: Api, *ids: int, **settings: Any) -> Program:
    """A program with subledgers that is connected to these applications."""
    return await api.program(subscribed_applications=ids, **settings)


async def test_an_application_is_made_and_found(api: Api) -> None:
    name = new_name("application")
    body = {"name": name, "timezone": "Europe/Berlin", "currency": "EUR", "sandbox": True}
    answer = await api.manager.post("/v1/applications", json={**body, "description": "Web"})
    assert answer.status_code == 201
    made = exact(answer)
    assert made == {
        "id": made["id"],
        "created": CREATED,
        "modified": CREATED,
        "accountId": 1,
        "name": name,
        "description": "Web",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "caseSensitivity": "sensitive",
        "sandbox": True,
        "loyaltyPrograms": [],
    }
    assert exact(await api.manager.get(f"/v1/applications/{made['id']}")) == made


async def test_an_application_tells_the_programs_that_are_connected_to_it(api: Api) -> None:
    one, other = [(await api.application())["id"] for _ in range(2)]
    await api.program()
    first, second = await connected(api, one, other), await connected(api, one)
    for number, programs in ((one, [first, second]), (other, [first])):
        found = exact(await api.manager.get(f"/v1/applications/{number}"))["loyaltyPrograms"]
        assert [program["id"] for program in found] == [program.id for program in programs]
        assert found[0] == exact(await api.manager.get(program_path(first)))


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "x" * 256}, "/name"),
        ({"timezone": "Mars/Base"}, "/timezone"),
        ({"currency": " "}, "/currency"),
        ({"caseSensitivity": "upper"}, "/caseSensitivity"),
        ({"description": "a\x00b"}, "/description"),
        ({"sandbox": 1}, "/sandbox"),
    ],
)
async def test_what_cannot_be_an_application_is_refused(
    api: Api, wrong: dict[str, object], pointer: str
) -> None:
    body = {"name": "Web", "timezone": "UTC", "currency": "EUR", **wrong}
    answer = await api.manager.post("/v1/applications", json=body)
    assert refusal(answer, 400)["pointer"] == pointer


@pytest.mark.parametrize("missing", ["name", "timezone", "currency"])
async def test_what_an_application_needs_has_to_be_there(api: Api, missing: str) -> None:
    body = {"name": "Web", "timezone": "UTC", "currency": "EUR"}
    del body[missing]
    answer = await api.manager.post("/v1/applications", json=body)
    assert refusal(answer, 400)["pointer"] == f"/{missing}"


async def test_a_name_belongs_to_one_application(api: Api) -> None:
    name = (await api.application())["name"]
    body = {"name": name, "timezone": "UTC", "currency": "EUR"}
    found = refusal(await api.manager.post("/v1/applications", json=body), 409)
    assert found["title"] == "already_exists"


async def test_applications_come_in_pages_and_sorted(api: Api) -> None:
    for letter in "bca":
        await api.application(name=f"page {letter}")
    found = exact(await api.manager.get("/v1/applications", params={"sort": "-name"}))
    names = [each["name"] for each in found["data"] if each["name"].startswith("page")]
    assert names == ["page c", "page b", "page a"]
    everything = exact(await api.manager.get("/v1/applications"))
    ids = [each["id"] for each in everything["data"]]
    assert ids == sorted(ids)
    assert everything["totalResultSize"] == len(ids)
    page = exact(await api.manager.get("/v1/applications", params={"pageSize": 2, "skip": 1}))
    assert page["totalResultSize"] == len(ids)
    assert [each["id"] for each in page["data"]] == ids[1:3]
    beyond = exact(await api.manager.get("/v1/applications", params={"skip": 10_000}))
    assert beyond == {"totalResultSize": len(ids), "data": []}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("sort", "price"), ("sort", "--name"), ("sort", ""), ("pageSize", "0"), ("skip", "-1")],
)
async def test_a_wrong_page_is_refused(api: Api, parameter: str, value: str) -> None:
    answer = await api.manager.get("/v1/applications", params={parameter: value})
    assert refusal(answer, 400)["parameter"] == parameter


@pytest.mark.parametrize("number", ["0", "999999999", "99999999999999999999", "x", "-1", "1.0"])
async def test_an_application_that_is_not_there_is_not_found(api: Api, number: str) -> None:
    for path in (f"/v1/applications/{number}", f"/v1/applications/{number}/api_keys"):
        found = refusal(await api.manager.get(path), 404)
        assert found["title"] == "not_found"
        assert "application" in found["details"]


# What an integration key reaches


async def test_a_key_of_an_application_reaches_its_programs_and_open_ones(api: Api) -> None:
    one, other = [(await api.application())["id"] for _ in range(2)]
    shop = await api.shop_of(one)
    for ids, status in (((), 200), ((one,), 200), ((one, other), 200), ((other,), 404)):
        member = await api.member(await connected(api, *ids))
        for operation in ("balances", "transactions"):
            answer = await shop.get(f"{member.path}/{operation}")
            assert answer.status_code == status, ids


async def test_what_a_key_does_not_reach_looks_like_what_is_not_there(api: Api) -> None:
    one, other = [(await api.application())["id"] for _ in range(2)]
    hidden = await api.member(await connected(api, other))
    shop = await api.shop_of(one)
    answers = [
        (await shop.get(f"/v1/loyalty_programs/{number}/profile/{name}/balances")).text
        for number, name in ((hidden.program.id, "nobody"), (hidden.program.id, "x"), (999999, "x"))
    ]
    ids = f"'{hidden.program.id}'", "'999999'"
    texts = {text.replace(ids[0], "'N'").replace(ids[1], "'N'") for text in answers}
    assert len(texts) == 1


@pytest.mark.parametrize("sandbox", [False, True])
async def test_a_key_reaches_one_environment(api: Api, *, sandbox: bool) -> None:
    application = await api.application(sandbox=sandbox)
    of_application = await api.shop_of(application["id"])
    key = await new_key(api.context, CallerKind.INTEGRATION, sandbox=sandbox)
    of_environment = new_client(api.app, key)
    for shop in (of_application, of_environment):
        for program_sandbox in (False, True):
            member = await api.member(await api.program(sandbox=program_sandbox))
            status = (await shop.get(f"{member.path}/balances")).status_code
            assert status == (200 if program_sandbox is sandbox else 404)


async def test_a_key_of_an_environment_reaches_what_is_connected_to_any_application(
    api: Api,
) -> None:
    member = await api.member(await connected(api, (await api.application())["id"]))
    assert (await api.shop.get(f"{member.path}/balances")).status_code == 200


# What a management key for some applications reaches


async def test_a_management_key_for_some_applications_sees_those_only(api: Api) -> None:
    one, other = [(await api.application())["id"] for _ in range(2)]
    key = await new_key(
        api.context, CallerKind.MANAGEMENT, allowed_application_ids=(ApplicationId(one),)
    )
    client = new_client(api.app, key)
    found = exact(await client.get("/v1/applications"))
    assert (found["totalResultSize"], [each["id"] for each in found["data"]]) == (1, [one])
    assert (await client.get(f"/v1/applications/{one}")).status_code == 200
    for path in (f"/v1/applications/{other}", f"/v1/applications/{other}/api_keys"):
        assert refusal(await client.get(path), 404)["title"] == "not_found"
    body = {"title": "Till", "expires": "2027-01-01T00:00:00Z"}
    for number, status in ((one, 201), (other, 404)):
        answer = await client.post(f"/v1/applications/{number}/api_keys", json=body)
        assert answer.status_code == status
    body = {"name": new_name("application"), "timezone": "UTC", "currency": "EUR"}
    assert refusal(await client.post("/v1/applications", json=body), 403)["title"] == "not_allowed"


async def test_a_management_key_for_some_applications_reaches_their_programs(api: Api) -> None:
    one, other = [(await api.application())["id"] for _ in range(2)]
    key = await new_key(
        api.context, CallerKind.MANAGEMENT, allowed_application_ids=(ApplicationId(one),)
    )
    client = new_client(api.app, key)
    listed = set()
    for ids, status in (((), 204), ((one,), 204), ((one, other), 204), ((other,), 404)):
        member = await api.member(await connected(api, *ids))
        answer = await client.put(f"{member.path}/add_points", json={"points": 5})
        assert answer.status_code == status, ids
        shown = (await client.get(program_path(member.program))).status_code
        assert shown == (200 if status == 204 else 404)
        if status == 204:
            listed.add(member.program.id)
    programs = exact(await client.get("/v1/loyalty_programs"))["data"]
    assert listed <= {program["id"] for program in programs}
    reached = [set(program["subscribedApplications"]) for program in programs]
    assert all(not ids or one in ids for ids in reached)
