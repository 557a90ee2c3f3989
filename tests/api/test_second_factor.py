"""A second factor over HTTP: turned on, asked for at sign-in, turned off, reset."""

import pytest

from api.harness import PASSWORD, Api, Person, exact, new_client, refusal
from services.apps import code_at, other_than
from tallystick.core.roles import Role

OWN = "/v1/own/second_factor"


@pytest.fixture(scope="module")
async def admin(module_api: Api) -> Person:
    """Somebody who administers."""
    return await module_api.person(is_admin=True)


async def turn_on(api: Api, person: Person) -> tuple[str, list[str]]:
    """The secret and the recovery codes of a second factor; the code of now is unused."""
    begun = exact(await person.post(OWN, json={"password": PASSWORD}))
    code = code_at(begun["secret"], api.clock.now, steps=-1)
    found = exact(await person.post(f"{OWN}/confirm", json={"code": code}))
    return begun["secret"], found["recoveryCodes"]


def credentials(person: Person, **more: object) -> dict[str, object]:
    """What signs a person in."""
    return {"email": person.email, "password": PASSWORD, **more}


async def test_it_is_turned_on_and_asked_for_from_then_on(api: Api) -> None:
    person = await api.person(await api.program(), Role.VIEWER)
    other = await api.sign_in(person.email)
    assert exact(await person.get(OWN)) == {"isOn": False, "recoveryCodesLeft": 0}
    begun = await person.post(OWN, json={"password": PASSWORD})
    assert begun.status_code == 201
    setup = begun.json()
    assert setup["uri"].startswith("otpauth://totp/Tallystick:person")
    assert setup["expires"] == "2026-06-15T12:15:00Z"
    code = code_at(setup["secret"], api.clock.now, steps=-1)
    confirmed = await person.post(f"{OWN}/confirm", json={"code": code})
    assert confirmed.status_code == 200
    assert len(confirmed.json()["recoveryCodes"]) == 10
    assert exact(await person.get(OWN)) == {
        "isOn": True,
        "recoveryCodesLeft": 10,
        "since": "2026-06-15T12:00:00Z",
    }
    refusal(await other.get(OWN), 401)
    refused = await api.anybody.post("/v1/sessions", json=credentials(person))
    assert refusal(refused, 401)["title"] == "code_needed"
    wrong = credentials(person, code=other_than(code_at(setup["secret"], api.clock.now)))
    refused = await api.anybody.post("/v1/sessions", json=wrong)
    assert refusal(refused, 401)["title"] == "not_signed_in"
    right = credentials(person, code=code_at(setup["secret"], api.clock.now))
    session = exact(await api.anybody.post("/v1/sessions", json=right))
    client = new_client(api.app, f"Bearer {session['token']}")
    assert exact(await client.get(OWN))["isOn"]
    assert refusal(await api.anybody.post("/v1/sessions", json=right), 401)


async def test_a_wrong_password_is_told_as_ever(api: Api) -> None:
    with_it, without = await api.person(), await api.person()
    await turn_on(api, with_it)
    told = [
        (await api.anybody.post("/v1/sessions", json={**credentials(each), "password": "x"})).text
        for each in (with_it, without)
    ]
    assert told[0] == told[1]


async def test_who_has_none_may_send_a_code_that_is_null(api: Api) -> None:
    person = await api.person()
    for code in (None, "123456"):
        exact(await api.anybody.post("/v1/sessions", json=credentials(person, code=code)))


async def test_it_takes_the_password_and_is_begun_once(api: Api) -> None:
    person = await api.person()
    wrong = await person.post(OWN, json={"password": "x"})
    assert refusal(wrong, 400)["pointer"] == "/password"
    nothing = await person.post(f"{OWN}/confirm", json={"code": "123456"})
    assert refusal(nothing, 404)["title"] == "not_found"
    await turn_on(api, person)
    again = await person.post(OWN, json={"password": PASSWORD})
    assert refusal(again, 409)["title"] == "in_use"


async def test_secrets_are_not_told_again_under_their_key(api: Api) -> None:
    person, headers = await api.person(), {"Idempotency-Key": "once"}
    body = {"password": PASSWORD}
    exact(await person.post(OWN, json=body, headers=headers))
    again = await person.post(OWN, json=body, headers=headers)
    assert refusal(again, 422)["title"] == "key_reused"


async def test_it_is_turned_off_and_codes_are_renewed_with_password_and_code(api: Api) -> None:
    person = await api.person()
    secret, [first, *_] = await turn_on(api, person)
    for operation in ("turn_off", "recovery_codes"):
        path = f"{OWN}/{operation}"
        for wrong, pointer in (({"password": "x"}, "/password"), ({"code": "1"}, "/code")):
            body = {"password": PASSWORD, "code": first, **wrong}
            assert refusal(await person.post(path, json=body), 400)["pointer"] == pointer
    body = {"password": PASSWORD, "code": first}
    renewed = await person.post(f"{OWN}/recovery_codes", json=body)
    assert renewed.status_code == 201
    assert exact(await person.get(OWN))["recoveryCodesLeft"] == 10
    assert first not in renewed.json()["recoveryCodes"]
    body = {"password": PASSWORD, "code": code_at(secret, api.clock.now)}
    assert (await person.post(f"{OWN}/turn_off", json=body)).status_code == 204
    exact(await api.anybody.post("/v1/sessions", json=credentials(person)))
    refused = await person.post(f"{OWN}/turn_off", json=body)
    assert refusal(refused, 404)["title"] == "not_found"


async def test_an_admin_resets_it(api: Api, admin: Person) -> None:
    person = await api.person()
    path = f"/v1/users/{person.id}/second_factor"
    assert refusal(await admin.delete(path), 404)["title"] == "not_found"
    await turn_on(api, person)
    assert refusal(await person.delete(path), 403)["title"] == "not_allowed"
    assert refusal(await api.manager.delete(path), 401)["title"] == "not_signed_in"
    assert (await admin.delete(path)).status_code == 204
    refusal(await person.get(OWN), 401)
    exact(await api.anybody.post("/v1/sessions", json=credentials(person)))
    found = exact(await admin.get("/v1/changes", params={"entityPath": path}))["data"]
    assert {each["userId"] for each in found} == {person.id, admin.id}


async def test_a_link_takes_the_code_as_well(api: Api, admin: Person) -> None:
    person = await api.person()
    _, [code, *_] = await turn_on(api, person)
    link = exact(await admin.post(f"/v1/users/{person.id}/password_link"))
    used = {"token": link["token"], "password": "another long password"}
    for wrong in ({}, {"code": "123456"}):
        refused = await api.anybody.post("/v1/password_links/use", json={**used, **wrong})
        assert refusal(refused, 400)["pointer"] == "/code"
    exact(await person.get(OWN))
    session = exact(await api.anybody.post("/v1/password_links/use", json={**used, "code": code}))
    assert session["userId"] == person.id
    refusal(await person.get(OWN), 401)
