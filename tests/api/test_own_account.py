"""Links, own password, own settings and sessions over HTTP."""

import pytest

from api.harness import PASSWORD, Api, Person, exact, new_client, refusal
from services.harness import new_name
from tallystick.core.roles import Role

NEW = "another long password"
BEARER = "Bearer "


@pytest.fixture(scope="module")
async def admin(module_api: Api) -> Person:
    """Somebody who administers."""
    return await module_api.person(is_admin=True)


async def test_who_is_invited_comes_in_by_the_link(api: Api, admin: Person) -> None:
    program, email = await api.program(), f"{new_name('ada').replace(' ', '')}@example.com"
    roles = [{"loyaltyProgramId": program.id, "role": "viewer"}]
    body = {"email": email, "name": "Ada", "programRoles": roles}
    link = exact(await admin.post("/v1/invitations", json=body))
    assert link["expires"] == "2026-06-22T12:00:00Z"
    path = f"/v1/users/{link['userId']}"
    assert exact(await admin.get(path))["state"] == "invited"
    used = {"token": link["token"], "password": NEW}
    session = exact(await api.anybody.post("/v1/password_links/use", json=used))
    assert session["userId"] == link["userId"]
    client = new_client(api.app, BEARER + session["token"])
    told = exact(await client.get(path))
    assert (told["state"], told["roles"], told["name"]) == ("active", [5], "Ada")
    again = refusal(await api.anybody.post("/v1/password_links/use", json=used), 403)
    assert link["token"] not in again["details"]


async def test_a_password_that_is_lost_is_set_anew(api: Api, admin: Person) -> None:
    person = await api.person()
    link = exact(await admin.post(f"/v1/users/{person.id}/password_link"))
    used = {"token": link["token"], "password": NEW}
    exact(await api.anybody.post("/v1/password_links/use", json=used))
    refusal(await person.get(f"/v1/users/{person.id}"), 401)
    refusal(
        await api.anybody.post("/v1/sessions", json={"email": person.email, "password": PASSWORD}),
        401,
    )


async def test_a_link_is_not_told_again_under_its_key(api: Api, admin: Person) -> None:
    person = await api.person()
    path, headers = f"/v1/users/{person.id}/password_link", {"Idempotency-Key": "once"}
    exact(await admin.post(path, headers=headers))
    assert refusal(await admin.post(path, headers=headers), 422)["title"] == "key_reused"


async def test_keys_make_no_links(api: Api) -> None:
    person = await api.person()
    for path in ("/v1/invitations", f"/v1/users/{person.id}/password_link"):
        assert refusal(await api.manager.post(path, json={}), 401)["title"] == "not_signed_in"


async def test_a_person_changes_their_password(api: Api) -> None:
    person = await api.person()
    other = await api.sign_in(person.email)
    body = {"oldPassword": PASSWORD, "newPassword": NEW}
    answer = await person.put("/v1/own/password", json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    refusal(await other.get("/v1/own/settings"), 401)
    assert (await person.get("/v1/own/settings")).status_code == 200
    wrong = await person.put("/v1/own/password", json=body)
    assert refusal(wrong, 400)["pointer"] == "/oldPassword"


async def test_a_person_chooses_how_pages_look(api: Api) -> None:
    person = await api.person()
    assert exact(await person.get("/v1/own/settings")) == {"theme": "system", "locale": "en"}
    chosen = {"theme": "dark", "locale": "en-GB", "timezone": "Europe/Berlin"}
    assert exact(await person.put("/v1/own/settings", json=chosen)) == chosen
    assert exact(await person.get("/v1/own/settings")) == chosen
    wrong = await person.put("/v1/own/settings", json={**chosen, "timezone": "Mars"})
    assert refusal(wrong, 400)["pointer"] == "/timezone"


async def test_a_person_sees_their_sessions_and_ends_them(api: Api) -> None:
    person = await api.person(await api.program(), Role.VIEWER)
    others = [await api.sign_in(person.email) for _ in range(3)]
    path = f"/v1/users/{person.id}/sessions"
    found = exact(await person.get(path))
    assert found["totalResultSize"] == 4
    [mine] = [each for each in found["data"] if each["isThis"]]
    assert (mine["kind"], mine["address"]) == ("bearer", "127.0.0.1")
    assert mine["userAgent"].startswith("python-httpx/")
    [first, *_] = [each["id"] for each in found["data"] if not each["isThis"]]
    assert (await person.delete(f"{path}/{first}")).status_code == 204
    assert refusal(await person.delete(f"{path}/{first}"), 404)["title"] == "not_found"
    assert sorted([(await each.get(path)).status_code for each in others]) == [200, 200, 401]
    assert (await person.delete("/v1/own/other_sessions")).status_code == 204
    assert [(await each.get(path)).status_code for each in others] == [401] * 3
    assert exact(await person.get(path))["totalResultSize"] == 1


async def test_sessions_of_others_are_not_there(api: Api, admin: Person) -> None:
    person, stranger = await api.person(), await api.person()
    path = f"/v1/users/{person.id}/sessions"
    number = exact(await admin.get(path))["data"][0]["id"]
    assert refusal(await stranger.get(path), 404)["title"] == "not_found"
    assert refusal(await stranger.delete(f"{path}/{number}"), 404)["title"] == "not_found"
    assert (await admin.delete(f"{path}/{number}")).status_code == 204
    refusal(await person.get(path), 401)
