"""Users over the API: who sees whom, who changes whom, and that an admin always remains."""

import asyncio
from typing import Any

import pytest

from api.harness import PASSWORD, Api, Person, exact, refusal, running_api
from services.harness import new_name
from tallystick.core.roles import Role
from tallystick.services.accounts import create_user

NOW_TEXT = "2026-06-15T12:00:00Z"


@pytest.fixture(scope="module")
async def admin(module_api: Api) -> Person:
    """Somebody who administers."""
    return await module_api.person(is_admin=True)


async def test_a_user_has_the_contracts_shape(api: Api, admin: Person) -> None:
    person = await api.person()
    assert exact(await admin.get(f"/v1/users/{person.id}")) == {
        "id": person.id,
        "created": NOW_TEXT,
        "modified": NOW_TEXT,
        "email": person.email,
        "accountId": 1,
        "name": "",
        "state": "active",
        "inviteToken": "",
        "isAdmin": False,
        "policy": {},
        "roles": [],
        "authMethod": "basic_auth",
        "lastSignedIn": NOW_TEXT,
    }


async def test_who_never_signed_in_has_no_such_date(api: Api, admin: Person) -> None:
    email = f"{new_name('never').replace(' ', '')}@example.com"
    number = await create_user(api.context, email=email, password=PASSWORD, is_admin=True)
    found = exact(await admin.get(f"/v1/users/{number}"))
    assert "lastSignedIn" not in found
    assert (found["isAdmin"], found["roles"]) == (True, [1])


async def test_admins_and_management_keys_see_everybody(api: Api, admin: Person) -> None:
    person = await api.person()
    for client in (admin, api.manager):
        found = exact(await client.get("/v1/users"))
        ids = [user["id"] for user in found["data"]]
        assert {admin.id, person.id} <= set(ids)
        assert ids == sorted(ids)
        assert found["totalResultSize"] == len(ids)


async def test_others_see_themselves_only(api: Api, admin: Person) -> None:
    person = await api.person()
    found = exact(await person.get("/v1/users"))
    assert (found["totalResultSize"], [user["id"] for user in found["data"]]) == (1, [person.id])
    assert exact(await person.get(f"/v1/users/{person.id}")) == found["data"][0]
    for number in (admin.id, 999999):
        for method in ("GET", "PUT"):
            answer = await person.request(method, f"/v1/users/{number}", json={})
            found = refusal(answer, 404)
            assert found["details"] == f"there is no user '{number}'"


@pytest.mark.parametrize(
    "sort", ["email", "-email", "name", "-name", "created", "-modified", "-id"]
)
async def test_users_come_sorted(api: Api, admin: Person, sort: str) -> None:
    await api.person()
    found = exact(await admin.get("/v1/users", params={"sort": sort}))["data"]
    word = sort.removeprefix("-")
    values = [user[word] for user in found]
    assert values == sorted(values, reverse=sort.startswith("-"))


async def test_users_come_in_pages(api: Api, admin: Person) -> None:
    await api.person()
    whole = exact(await admin.get("/v1/users"))
    page = exact(await admin.get("/v1/users", params={"pageSize": 1, "skip": 1}))
    assert page == {"totalResultSize": whole["totalResultSize"], "data": whole["data"][1:2]}


async def test_a_person_changes_their_own_name(api: Api) -> None:
    person = await api.person(await api.program())
    before = exact(await person.get(f"/v1/users/{person.id}"))
    body = {"name": "Ada", "state": "active", "isAdmin": False, "roles": [2]}
    assert exact(await person.put(f"/v1/users/{person.id}", json=body)) == {**before, "name": "Ada"}


@pytest.mark.parametrize(
    "body",
    [{"isAdmin": True}, {"roles": [1]}, {"roles": [1, 2]}, {"state": "deactivated"}],
    ids=str,
)
async def test_a_person_does_not_promote_themselves(api: Api, body: dict[str, Any]) -> None:
    person = await api.person()
    answer = await person.put(f"/v1/users/{person.id}", json={"name": "Ada", **body})
    assert refusal(answer, 403)["title"] == "not_allowed"
    assert exact(await person.get(f"/v1/users/{person.id}"))["name"] == ""


@pytest.mark.parametrize("body", [{"isAdmin": True}, {"roles": [1]}], ids=str)
async def test_a_promotion_counts_at_once_and_so_does_its_end(
    api: Api, admin: Person, body: dict[str, Any]
) -> None:
    person = await api.person()
    assert (await person.get("/v1/changes")).status_code == 403
    promoted = exact(await admin.put(f"/v1/users/{person.id}", json=body))
    assert (promoted["isAdmin"], promoted["roles"]) == (True, [1])
    assert (await person.get("/v1/changes")).status_code == 200
    exact(await admin.put(f"/v1/users/{person.id}", json={"roles": [2]}))
    assert (await person.get("/v1/changes")).status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"roles": []}, "/roles"),
        ({"roles": [3]}, "/roles"),
        ({"roles": [2, 4]}, "/roles"),
        ({"roles": [1, 6]}, "/roles"),
        ({"roles": [2**70]}, "/roles"),
        ({"roles": [1], "isAdmin": False}, "/roles"),
        ({"roles": [4], "isAdmin": True}, "/roles"),
        ({"state": "deleted"}, "/state"),
        ({"state": "invited"}, "/state"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "x" * 256}, "/name"),
        ({"isAdmin": "yes"}, "/isAdmin"),
    ],
    ids=str,
)
async def test_what_a_user_cannot_be_is_refused(
    api: Api, admin: Person, body: dict[str, Any], pointer: str
) -> None:
    person = await api.person(await api.program())
    answer = await admin.put(f"/v1/users/{person.id}", json=body)
    assert refusal(answer, 400)["pointer"] == pointer


async def test_a_role_that_says_no_program_is_one_in_every_program(api: Api, admin: Person) -> None:
    person, program = await api.person(), await api.program()
    changed = exact(await admin.put(f"/v1/users/{person.id}", json={"roles": [4]}))
    assert (changed["isAdmin"], changed["roles"]) == (False, [4])
    roles = exact(await admin.get(f"/v1/users/{person.id}/program_roles"))["programRoles"]
    assert {"loyaltyProgramId": program.id, "role": "analyst"} in roles


async def test_roles_that_are_sent_back_as_they_were_change_nothing(
    api: Api, admin: Person
) -> None:
    person = await api.person(await api.program(), Role.SUPPORT)
    path = f"/v1/users/{person.id}"
    before = exact(await admin.get(f"{path}/program_roles"))
    body = {"name": "Ada", "roles": [3], "isAdmin": False}
    assert exact(await admin.put(path, json=body))["roles"] == [3]
    assert exact(await admin.get(f"{path}/program_roles")) == before


@pytest.mark.parametrize("way", ["put", "post"])
async def test_a_deactivated_user_is_out_at_once_and_comes_back(
    api: Api, admin: Person, way: str
) -> None:
    person = await api.person()
    path, email = f"/v1/users/{person.id}", {"email": person.email.upper()}
    assert (await person.get(path)).status_code == 200
    if way == "put":
        assert exact(await admin.put(path, json={"state": "deactivated"}))["state"] == "deactivated"
    else:
        answer = await admin.post("/v1/users/deactivate", json=email)
        assert (answer.status_code, answer.content) == (204, b"")
        assert exact(await admin.get(path))["state"] == "deactivated"
    assert refusal(await person.get(path), 401)["title"] == "not_signed_in"
    body = {"email": person.email, "password": PASSWORD}
    wrong = refusal(await api.anybody.post("/v1/sessions", json=body), 401)
    assert wrong["details"] == "the e-mail address or the password is wrong"
    if way == "put":
        exact(await admin.put(path, json={"state": "active"}))
    else:
        assert (await admin.post("/v1/users/activate", json=email)).status_code == 204
    assert refusal(await person.get(path), 401)["title"] == "not_signed_in"
    assert (await (await api.sign_in(person.email)).get(path)).status_code == 200


@pytest.mark.parametrize("way", ["delete", "post"])
async def test_a_deleted_user_is_gone_and_the_address_is_free(
    api: Api, admin: Person, way: str
) -> None:
    person = await api.person()
    path = f"/v1/users/{person.id}"
    if way == "delete":
        answer = await admin.delete(path)
    else:
        answer = await admin.post("/v1/users/delete", json={"email": person.email})
    assert (answer.status_code, answer.content) == (204, b"")
    assert refusal(await person.get(path), 401)["title"] == "not_signed_in"
    for again in (
        await admin.get(path),
        await admin.delete(path),
        await admin.put(path, json={"state": "active"}),
        await admin.post("/v1/users/activate", json={"email": person.email}),
    ):
        assert refusal(again, 404)["title"] == "not_found"
    assert person.id not in {u["id"] for u in exact(await admin.get("/v1/users"))["data"]}
    number = await create_user(api.context, email=person.email, password=PASSWORD)
    assert number != person.id
    assert (await api.sign_in(person.email)).id == number


async def test_nothing_is_kept_of_a_deleted_users_password(api: Api, admin: Person) -> None:
    person = await api.person()
    await admin.delete(f"/v1/users/{person.id}")
    async with api.context.database.reader() as reader:
        sql = "SELECT password_hash FROM user_account WHERE user_id = $1"
        assert await reader.fetchval(sql, person.id) == ""
        sql = "SELECT count(*) FROM user_session WHERE user_id = $1"
        assert await reader.fetchval(sql, person.id) == 0


@pytest.mark.parametrize("email", ["", "nobody@example.com", "a\x00b", "x" * 5_000])
@pytest.mark.parametrize("way", ["delete", "activate", "deactivate"])
async def test_an_address_that_nobody_has_is_not_found(admin: Person, way: str, email: str) -> None:
    answer = await admin.post(f"/v1/users/{way}", json={"email": email})
    assert refusal(answer, 404)["title"] == "not_found"


# The last admin


async def test_the_last_active_admin_stays(database_url: str) -> None:
    async with running_api(database_url) as api:
        admin, other = await api.person(is_admin=True), await api.person(is_admin=True)
        path = f"/v1/users/{admin.id}"
        assert (await admin.put(f"/v1/users/{other.id}", json={"state": "deactivated"})).is_success
        email = {"email": admin.email}
        for answer in (
            await admin.put(path, json={"isAdmin": False}),
            await admin.put(path, json={"roles": [2]}),
            await admin.put(path, json={"state": "deactivated"}),
            await admin.delete(path),
            await api.manager.delete(path),
            await admin.post("/v1/users/delete", json=email),
            await admin.post("/v1/users/deactivate", json=email),
        ):
            found = refusal(answer, 409)
            assert found["title"] == "in_use"
            assert found["details"].endswith("make another user an admin first")
        assert exact(await admin.put(path, json={"name": "Ada"}))["name"] == "Ada"
        assert (await admin.put(f"/v1/users/{other.id}", json={"state": "active"})).is_success
        assert (await admin.delete(path)).status_code == 204


async def test_two_admins_are_not_demoted_at_once(database_url: str) -> None:
    async with running_api(database_url) as api:
        admins = [await api.person(is_admin=True) for _ in range(2)]
        answers = await asyncio.gather(
            *(api.manager.put(f"/v1/users/{each.id}", json={"isAdmin": False}) for each in admins)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        found = exact(await api.manager.get("/v1/users"))["data"]
        assert sum(user["isAdmin"] for user in found) == 1
