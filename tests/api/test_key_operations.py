"""Making, listing and deleting keys over the API, and what a list of endpoints opens."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.harness import Api, Person, exact, new_client, new_key, refusal
from services.harness import NOW, new_name
from tallystick.services.callers import CallerKind, Doorkeeper

EXPIRES = "2027-01-01T00:00:00Z"
CREATED = "2026-06-15T12:00:00Z"
KEYS = "/v1/management_keys"
PROGRAMS = "/v1/loyalty_programs"
ADD_POINTS = "/v1/loyalty_programs/{loyaltyProgramId}/profile/{integrationId}/add_points"


@pytest.fixture(scope="module")
async def admin(module_api: Api) -> Person:
    """Somebody who administers."""
    return await module_api.person(is_admin=True)


def wish(*endpoints: str | dict[str, str], **more: Any) -> dict[str, Any]:
    """The body of a management key; a text is the path of an endpoint."""
    opened = [{"path": each} if isinstance(each, str) else each for each in endpoints or ["*"]]
    return {"name": new_name("key"), "expiryDate": EXPIRES, "endpoints": opened, **more}


async def management_key(api: Api, admin: Person, *endpoints: Any, **more: Any) -> Any:
    """A management key that was made, and the client that uses it."""
    made = exact(await admin.post(KEYS, json=wish(*endpoints, **more)))
    return made, new_client(api.app, f"ManagementKey-v1 {made['key']}")


# Keys of applications


async def test_a_key_of_an_application_is_shown_once(api: Api, admin: Person) -> None:
    number = (await api.application())["id"]
    path = f"/v1/applications/{number}/api_keys"
    answer = await admin.post(path, json={"title": "Till 4", "expires": EXPIRES})
    assert answer.status_code == 201
    made = exact(answer)
    key = made.pop("key")
    assert len(key) == 64
    assert made == {
        "id": made["id"],
        "created": CREATED,
        "title": "Till 4",
        "expires": EXPIRES,
        "createdBy": admin.id,
        "accountID": 1,
        "applicationID": number,
    }
    listed = await admin.get(path)
    assert exact(listed) == {"totalResultSize": 1, "data": [made]}
    assert key not in listed.text


async def test_a_deleted_key_opens_nothing_at_once(api: Api) -> None:
    number = (await api.application())["id"]
    path = f"/v1/applications/{number}/api_keys"
    body = {"title": "Till", "expires": EXPIRES}
    made = exact(await api.manager.post(path, json=body))
    shop = new_client(api.app, f"ApiKey-v1 {made['key']}")
    member = await api.member(await api.program())
    assert (await shop.get(f"{member.path}/balances")).status_code == 200
    deleted = await api.manager.delete(f"{path}/{made['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert refusal(await shop.get(f"{member.path}/balances"), 401)["title"] == "not_signed_in"
    assert exact(await api.manager.get(path)) == {"totalResultSize": 0, "data": []}
    assert refusal(await api.manager.delete(f"{path}/{made['id']}"), 404)["title"] == "not_found"


async def test_a_key_is_deleted_by_its_own_application_only(api: Api, admin: Person) -> None:
    one, other = [(await api.application())["id"] for _ in range(2)]
    body = {"title": "Till", "expires": EXPIRES}
    made = exact(await admin.post(f"/v1/applications/{one}/api_keys", json=body))
    managing, _ = await management_key(api, admin)
    for path in (
        f"/v1/applications/{other}/api_keys/{made['id']}",
        f"/v1/applications/{one}/api_keys/{managing['id']}",
        f"{KEYS}/{made['id']}",
    ):
        assert refusal(await admin.delete(path), 404)["title"] == "not_found"
    assert exact(await admin.get(f"/v1/applications/{one}/api_keys"))["totalResultSize"] == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"title": "a\nb"}, "/title"),
        ({"expires": "2026-06-15T12:00:00Z"}, "/expires"),
        ({"expires": "2020-01-01T00:00:00Z"}, "/expires"),
        ({"expires": "2037-01-01T00:00:00Z"}, "/expires"),
        ({"expires": "soon"}, "/expires"),
        ({"platform": "shopify"}, "/platform"),
        ({"type": "staging"}, "/type"),
        ({"timeOffset": 1}, "/timeOffset"),
    ],
)
async def test_what_cannot_be_a_key_of_an_application_is_refused(
    api: Api, wrong: dict[str, object], pointer: str
) -> None:
    number = (await api.application())["id"]
    body = {"title": "Till", "expires": EXPIRES, "platform": "none", "timeOffset": 0, **wrong}
    answer = await api.manager.post(f"/v1/applications/{number}/api_keys", json=body)
    assert refusal(answer, 400)["pointer"] == pointer


async def test_a_key_of_an_application_stays_when_its_maker_leaves(api: Api, admin: Person) -> None:
    number = (await api.application())["id"]
    maker = await api.person(is_admin=True)
    body = {"title": "Till", "expires": EXPIRES}
    made = exact(await maker.post(f"/v1/applications/{number}/api_keys", json=body))
    shop = new_client(api.app, f"ApiKey-v1 {made['key']}")
    assert (await admin.delete(f"/v1/users/{maker.id}")).status_code == 204
    member = await api.member(await api.program())
    assert (await shop.get(f"{member.path}/balances")).status_code == 200


# Management keys


async def test_a_management_key_is_shown_once(api: Api, admin: Person) -> None:
    number = (await api.application())["id"]
    endpoints = [{"path": PROGRAMS}, {"path": ADD_POINTS, "method": "PUT"}]
    body = wish(*endpoints, name="Back office", allowedApplicationIds=[number])
    answer = await admin.post(KEYS, json=body)
    assert answer.status_code == 201
    made = exact(answer)
    key = made.pop("key")
    assert made == {
        "id": made["id"],
        "created": CREATED,
        "name": "Back office",
        "expiryDate": EXPIRES,
        "endpoints": endpoints,
        "allowedApplicationIds": [number],
        "createdBy": admin.id,
        "accountID": 1,
        "disabled": False,
    }
    listed = await admin.get(KEYS)
    found = exact(listed)
    assert made in found["data"]
    assert found["totalResultSize"] == len(found["data"])
    assert key not in listed.text


async def test_a_key_of_the_command_line_opens_everything(api: Api, admin: Person) -> None:
    await new_key(api.context, CallerKind.MANAGEMENT)
    last = exact(await admin.get(KEYS))["data"][-1]
    assert last["endpoints"] == [{"path": "*"}]
    assert (last["allowedApplicationIds"], last["createdBy"]) == ([], 0)


async def test_a_key_makes_no_management_keys(api: Api, admin: Person) -> None:
    _, client = await management_key(api, admin)
    for answer in (
        await client.post(KEYS, json=wish()),
        await client.get(KEYS),
        await client.delete(f"{KEYS}/1"),
    ):
        assert refusal(answer, 401)["title"] == "not_signed_in"


@pytest.mark.parametrize(
    ("endpoint", "opened"),
    [
        ({"path": PROGRAMS}, "list create"),
        ({"path": PROGRAMS, "method": "GET"}, "list"),
        ({"path": PROGRAMS, "method": "POST"}, "create"),
        ({"path": PROGRAMS + "/{loyaltyProgramId}"}, "one"),
        ({"path": PROGRAMS + "/{id}"}, "one"),
        ({"path": PROGRAMS + "/999999"}, ""),
        ({"path": PROGRAMS + "/"}, ""),
        ({"path": "/v1"}, ""),
        ({"path": ADD_POINTS}, "add"),
        ({"path": ADD_POINTS.replace("{integrationId}", "{x}")}, "add"),
        ({"path": "/v1/users/{userId}"}, "user"),
        ({"path": "/v1/users/delete"}, "delete"),
        ({"path": "*"}, "list create one add user delete"),
    ],
    ids=str,
)
async def test_a_key_opens_the_endpoints_of_its_list(
    api: Api, admin: Person, endpoint: dict[str, str], opened: str
) -> None:
    _, client = await management_key(api, admin, endpoint)
    answers: dict[str, httpx.Response] = {
        "list": await client.get(PROGRAMS),
        "create": await client.post(PROGRAMS, json={}),
        "one": await client.get(f"{PROGRAMS}/999999"),
        "add": await client.put(f"{PROGRAMS}/999999/profile/x/add_points", json={}),
        "user": await client.get("/v1/users/999999"),
        "delete": await client.post("/v1/users/delete", json={}),
    }
    reached = {name for name, answer in answers.items() if answer.status_code != 403}
    assert reached == set(opened.split())


async def test_what_a_list_leaves_out_is_told(api: Api, admin: Person) -> None:
    _, client = await management_key(api, admin, PROGRAMS)
    found = refusal(await client.get(f"{PROGRAMS}/1"), 403)
    assert found["title"] == "not_allowed"
    assert found["details"].endswith("endpoints list GET /v1/loyalty_programs/{loyaltyProgramId}")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"expiryDate": CREATED}, "/expiryDate"),
        ({"expiryDate": "2037-01-01T00:00:00Z"}, "/expiryDate"),
        ({"endpoints": []}, "/endpoints"),
        ({"endpoints": [{"path": "/v1"}] * 501}, "/endpoints"),
        ({"endpoints": [{"path": "*"}, {"path": "v1"}]}, "/endpoints/1/path"),
        ({"endpoints": [{"path": "/a\nb"}]}, "/endpoints/0/path"),
        ({"endpoints": [{"path": "*", "method": "GET"}]}, "/endpoints/0/path"),
        ({"endpoints": [{"path": "/v1", "method": "get"}]}, "/endpoints/0/method"),
        ({"endpoints": None}, "/endpoints"),
        ({"allowedApplicationIds": [999999]}, "/allowedApplicationIds/0"),
        ({"allowedApplicationIds": [2**40]}, "/allowedApplicationIds/0"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_cannot_be_a_management_key_is_refused(
    admin: Person, wrong: dict[str, object], pointer: str
) -> None:
    answer = await admin.post(KEYS, json={**wish(), **wrong})
    assert refusal(answer, 400)["pointer"] == pointer


async def test_a_deleted_management_key_opens_nothing_at_once(api: Api, admin: Person) -> None:
    made, client = await management_key(api, admin)
    assert (await client.get(PROGRAMS)).status_code == 200
    assert (await admin.delete(f"{KEYS}/{made['id']}")).status_code == 204
    assert refusal(await client.get(PROGRAMS), 401)["title"] == "not_signed_in"


async def test_a_management_key_works_until_it_expires(api: Api, admin: Person) -> None:
    _, client = await management_key(api, admin, expiryDate="2026-06-16T12:00:00Z")
    api.clock.now = NOW + timedelta(days=1, microseconds=-1)
    assert (await client.get(PROGRAMS)).status_code == 200
    _, late = await management_key(api, admin, expiryDate="2026-06-16T12:00:00Z")
    api.clock.now = NOW + timedelta(days=1)
    assert refusal(await late.get(PROGRAMS), 401)["title"] == "not_signed_in"


@pytest.mark.parametrize("leave", ["delete", "deactivate"])
async def test_a_management_key_stops_when_its_maker_leaves(
    api: Api, admin: Person, leave: str
) -> None:
    maker = await api.person(is_admin=True)
    made, client = await management_key(api, maker)
    assert (await client.get(PROGRAMS)).status_code == 200
    answer = await admin.post(f"/v1/users/{leave}", json={"email": maker.email})
    assert answer.status_code == 204
    assert refusal(await client.get(PROGRAMS), 401)["title"] == "not_signed_in"
    found = {each["id"]: each["disabled"] for each in exact(await admin.get(KEYS))["data"]}
    assert found[made["id"]]


async def test_a_management_key_opens_no_more_than_its_maker(api: Api, admin: Person) -> None:
    maker = await api.person(is_admin=True)
    _, client = await management_key(api, maker)
    for is_admin, status in ((False, 401), (True, 200)):
        exact(await admin.put(f"/v1/users/{maker.id}", json={"isAdmin": is_admin}))
        assert (await client.get(PROGRAMS)).status_code == status


async def test_a_management_key_works_again_when_its_maker_is_back(api: Api, admin: Person) -> None:
    maker = await api.person(is_admin=True)
    _, client = await management_key(api, maker)
    for leave, status in (("deactivate", 401), ("activate", 200)):
        await admin.post(f"/v1/users/{leave}", json={"email": maker.email})
        assert (await client.get(PROGRAMS)).status_code == status


async def test_a_list_tells_when_a_key_was_last_used_to_the_minute(api: Api, admin: Person) -> None:
    made, client = await management_key(api, admin)
    authorization = client.headers["Authorization"]

    async def last_used() -> str | None:
        found = exact(await admin.get(KEYS))["data"]
        used: str | None = next(each for each in found if each["id"] == made["id"]).get("lastUsed")
        return used

    assert await last_used() is None
    for seconds, told in ((0, "12:00:00"), (59, "12:00:00"), (60, "12:01:00"), (180, "12:03:00")):
        api.clock.now = NOW + timedelta(seconds=seconds)
        caller = await Doorkeeper(api.context).identify(authorization)  # one that remembers nothing
        assert caller.key_id == made["id"]
        assert await last_used() == f"2026-06-15T{told}Z"
