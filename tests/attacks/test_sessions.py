"""A session is nobody's before they sign in, and opens nothing once it should not."""

import secrets
from collections.abc import Awaitable, Callable

import httpx
import pytest

from api.harness import PASSWORD, Api, exact
from attacks.browsing import browser_of
from attacks.counting import KEYS, answered
from services.harness import new_name
from tallystick.core.roles import Role
from tallystick.web.cookies import SESSION_COOKIE

NEW = "another long password"


async def sign_in(browser: httpx.AsyncClient, email: str, **more: str) -> httpx.Response:
    """What the page says to the right password."""
    data = {"email": email, "password": PASSWORD, **more}
    return answered(KEYS, await browser.post("/login", data=data))


async def is_in(browser: httpx.AsyncClient) -> bool:
    """Whether a page is shown to whoever sends the browser's cookie."""
    answer = answered(KEYS, await browser.get("/account/me"))
    assert answer.status_code in {200, 303}
    return answer.status_code == 200


def cookie_of(browser: httpx.AsyncClient) -> str:
    """The only session that the browser knows of."""
    [value] = [each.value for each in browser.cookies.jar if each.name == SESSION_COOKIE]
    assert value
    return value


@pytest.mark.parametrize("planted", ["made up", "of the attacker"])
async def test_a_session_that_was_planted_is_not_the_one_after_signing_in(
    api: Api, planted: str
) -> None:
    attacker, victim = await api.person(), await api.person()
    own = attacker.headers["Authorization"].split()[1]
    value = own if planted == "of the attacker" else secrets.token_urlsafe(32)
    browser = browser_of(api.app, value)
    answer = await sign_in(browser, victim.email)
    assert answer.status_code == 303
    assert f"{SESSION_COOKIE}={value}" not in answer.headers["Set-Cookie"]
    browser.cookies.clear()
    browser.cookies.extract_cookies(answer)
    assert cookie_of(browser) != value
    assert victim.email in (await browser.get("/account/me")).text
    thief = browser_of(api.app, value)
    seen = await thief.get("/account/me")
    assert victim.email not in seen.text


async def test_a_session_in_the_address_or_in_a_form_is_left_alone(api: Api) -> None:
    token = (await api.person(is_admin=True)).headers["Authorization"].split()[1]
    browser = browser_of(api.app)
    for name in (SESSION_COOKIE, "session", "sid", "token", "access_token"):
        for answer in (
            await browser.get("/account/me", params={name: token}),
            await browser.get(f"/account/me;{name}={token}"),
            await browser.post("/account/me", data={name: token}),
            await browser.get("/account/me", headers={name: token, "Authorization": token}),
        ):
            answered(KEYS, answer)
            assert answer.status_code in {303, 404}
            assert token not in answer.headers.get("Set-Cookie", "")
        api_answer = await api.anybody.get("/v1/users", params={name: token})
        assert answered(KEYS, api_answer).status_code == 401


async def test_each_time_one_signs_in_the_session_is_another_one(api: Api) -> None:
    email, browser, seen = (await api.person()).email, browser_of(api.app), set()
    for _ in range(3):
        await sign_in(browser, email)
        seen.add(cookie_of(browser))
    assert len(seen) == 3
    assert min(map(len, seen)) >= 43  # 256 bits


Ending = Callable[[Api, httpx.AsyncClient, str], Awaitable[httpx.Response]]


async def _sign_out(_api: Api, browser: httpx.AsyncClient, _email: str) -> httpx.Response:
    return await browser.post("/logout")


async def _end_others(api: Api, _browser: httpx.AsyncClient, email: str) -> httpx.Response:
    other = browser_of(api.app)
    await sign_in(other, email)
    return await other.post("/account/me/sessions/end")


async def _change_password(api: Api, _browser: httpx.AsyncClient, email: str) -> httpx.Response:
    other = browser_of(api.app)
    await sign_in(other, email)
    data = {"oldPassword": PASSWORD, "newPassword": NEW}
    return await other.post("/account/me/password", data=data)


async def _deactivate(api: Api, _browser: httpx.AsyncClient, email: str) -> httpx.Response:
    return await api.manager.post("/v1/users/deactivate", json={"email": email})


async def _delete(api: Api, _browser: httpx.AsyncClient, email: str) -> httpx.Response:
    return await api.manager.post("/v1/users/delete", json={"email": email})


async def _use_link(api: Api, _browser: httpx.AsyncClient, email: str) -> httpx.Response:
    admin = await api.person(is_admin=True)
    found = exact(await admin.get("/v1/users", params={"pageSize": 1000}))["data"]
    [user_id] = [each["id"] for each in found if each["email"] == email]
    link = exact(await admin.post(f"/v1/users/{user_id}/password_link"))["token"]
    return await browser_of(api.app).post(f"/invite/{link}", data={"password": NEW})


ENDINGS: dict[str, Ending] = {
    "signing out": _sign_out,
    "ending the others": _end_others,
    "another password": _change_password,
    "a link for a lost password": _use_link,
    "being shut out": _deactivate,
    "being deleted": _delete,
}


@pytest.mark.parametrize("how", ENDINGS)
async def test_what_ends_a_session_ends_it_for_whoever_has_its_cookie(api: Api, how: str) -> None:
    email = (await api.person()).email
    browser = browser_of(api.app)
    await sign_in(browser, email)
    stolen = browser_of(api.app, cookie_of(browser))
    assert await is_in(stolen)
    ended = await ENDINGS[how](api, browser, email)
    assert ended.status_code in {200, 204, 303}, ended.text
    assert not await is_in(stolen)
    stolen.headers["Authorization"] = f"Bearer {stolen.cookies[SESSION_COOKIE]}"
    assert answered(KEYS, await stolen.get("/v1/users")).status_code == 401


async def test_a_role_that_is_taken_away_is_gone_from_an_open_browser_at_once(api: Api) -> None:
    program = await api.program(name=new_name("program"))
    person = await api.person(program, Role.ANALYST)
    browser = browser_of(api.app, person.headers["Authorization"].split()[1])
    assert (await browser.get(f"/programs/{program.id}/exports")).status_code == 200
    roles = f"/v1/users/{person.id}/program_roles"
    for role, status in (("viewer", 403), (None, 404)):
        wish = [{"loyaltyProgramId": program.id, "role": role}] if role else []
        assert (await api.manager.put(roles, json={"programRoles": wish})).is_success
        answer = answered(KEYS, await browser.get(f"/programs/{program.id}/exports"))
        assert answer.status_code == status


async def test_an_admin_who_is_none_any_more_is_none_in_an_open_browser(api: Api) -> None:
    person = await api.person(is_admin=True)
    browser = browser_of(api.app, person.headers["Authorization"].split()[1])
    assert (await browser.get("/account/people")).status_code == 200
    admin = await api.person(is_admin=True)
    changed = await admin.put(f"/v1/users/{person.id}", json={"isAdmin": False})
    assert changed.is_success, changed.text
    assert answered(KEYS, await browser.get("/account/people")).status_code == 403
