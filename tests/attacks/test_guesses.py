"""Guessing through every door: sign-in by API and by page, links, keys, and from many places."""

import secrets

import httpx
import pytest

from api.harness import PASSWORD, Api, exact, new_client
from attacks.browsing import browser_of
from attacks.counting import GUESSES, answered
from edges.harness import networks
from services.harness import NOW, new_name
from tallystick.edges import Edges, inside
from tallystick.services.callers import CallerKind
from tallystick.web.cookies import SESSION_COOKIE

WRONG = "wrong"
SIGN_IN = "/v1/sessions"


def somebody() -> str:
    """An address that nobody has."""
    return f"{new_name('guess').replace(' ', '')}@example.com"


async def guess(client: httpx.AsyncClient, email: str, password: str = WRONG) -> int:
    """The status of a guess by the API."""
    body = {"email": email, "password": password}
    return answered(GUESSES, await client.post(SIGN_IN, json=body)).status_code


async def guess_by_page(client: httpx.AsyncClient, email: str, password: str = WRONG) -> int:
    """The status of a guess by the page."""
    data = {"email": email, "password": password}
    return answered(GUESSES, await client.post("/login", data=data)).status_code


async def test_one_person_is_guessed_at_from_many_places_no_more_often(api: Api) -> None:
    email = (await api.person()).email
    places = [browser_of(api.app, address=f"198.51.100.{n}") for n in range(8)]
    assert [await guess(each, email) for each in places] == [401] * 5 + [429] * 3
    fresh = browser_of(api.app, address="198.51.100.99")
    assert await guess(fresh, email, PASSWORD) == 429
    assert await guess_by_page(fresh, email.upper(), PASSWORD) == 429


async def test_many_people_are_guessed_at_from_one_place_no_more_often(api: Api) -> None:
    place = browser_of(api.app, address="198.51.101.1")
    found = [await guess(place, somebody()) for _ in range(22)]
    assert found == [401] * 20 + [429] * 2
    right = (await api.person()).email
    assert await guess_by_page(place, right, PASSWORD) == 429
    assert await guess(browser_of(api.app, address="198.51.101.2"), right, PASSWORD) == 201


async def test_page_and_api_are_counted_together(api: Api) -> None:
    email = (await api.person()).email
    place = browser_of(api.app, address="198.51.102.1")
    doors = (guess, guess_by_page) * 3
    assert [await door(place, email) for door in doors] == [401] * 5 + [429]


async def test_a_made_up_address_in_a_header_is_no_way_round(api: Api) -> None:
    """Neither without a proxy nor behind one, which adds the true one at the end."""
    near = browser_of(api.app, address="198.51.103.1")
    found = []
    for n in range(22):
        headers = dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "Forwarded"), f"203.0.113.{n}")
        near.headers.update(headers)
        found.append(await guess(near, somebody()))
    assert found == [401] * 20 + [429] * 2


async def test_a_made_up_address_is_no_way_round_behind_a_proxy(api: Api) -> None:
    proxies = inside(api.app, Edges(trusted_proxies=networks("10.0.0.0/8")))
    proxy = browser_of(proxies, address="10.0.0.1")
    found = []
    for n in range(22):
        proxy.headers["X-Forwarded-For"] = f"203.0.113.{n}, 198.51.104.1"
        found.append(await guess(proxy, somebody()))
    assert found == [401] * 20 + [429] * 2
    proxy.headers["X-Forwarded-For"] = "198.51.104.2"
    assert await guess(proxy, somebody()) == 401  # others behind the proxy do not wait


@pytest.mark.parametrize("change", [str.upper, str.title, " {} ".format, "{}\x00".format])
async def test_writing_an_address_in_another_way_is_no_way_round(api: Api, change: object) -> None:
    assert callable(change)
    email = (await api.person()).email
    place = browser_of(api.app, address=f"198.51.105.{secrets.randbelow(250)}")
    assert [await guess(place, email) for _ in range(5)] == [401] * 5
    assert await guess(place, change(email), PASSWORD) in {401, 429}
    assert await guess(place, email, PASSWORD) == 429


async def test_the_answer_to_a_guess_is_the_same_whoever_is_meant(api: Api) -> None:
    known, place = (await api.person()).email, browser_of(api.app, address="198.51.106.1")
    said = set()
    for email in (known, somebody(), f"{known}x"):
        for path, request in (
            (SIGN_IN, {"json": {"email": email, "password": "wrong"}}),
            ("/login", {"data": {"email": email, "password": "wrong"}}),
        ):
            answer = answered(GUESSES, await place.post(path, **request))  # type: ignore[arg-type]  # data or JSON
            said.add((path, answer.status_code, answer.text.replace(email, "")))
    assert len(said) == 2


async def test_no_guess_at_a_link_opens_it(api: Api) -> None:
    admin = await api.person(is_admin=True)
    link = exact(await admin.post("/v1/invitations", json={"email": somebody()}))["token"]
    wrong = {link[:-1], link + "x", link.swapcase(), link[::-1], "x", "%00"}
    wrong |= {secrets.token_urlsafe(32) for _ in range(20)}
    said, browser = set(), browser_of(api.app)
    for token in sorted(wrong):
        body = {"token": token, "password": "a new long password"}
        answer = answered(GUESSES, await api.anybody.post("/v1/password_links/use", json=body))
        assert answer.status_code == 403, answer.text
        said.add(answer.text)
        for method in ("GET", "POST"):
            page = await browser.request(method, f"/invite/{token}", data=body)
            answered(GUESSES, page)
            assert page.status_code in {403, 404}, page.text
            assert SESSION_COOKIE not in browser.cookies
    assert len(said) == 1
    assert (await browser.get(f"/invite/{link}")).status_code == 200


async def test_no_guess_at_a_key_is_told_how_near_it_was(api: Api) -> None:
    key = api.manager.headers["Authorization"].split()[1]
    near = [key[:-1], key + "0", key[1:], key[:-1] + ("0" if key[-1] != "0" else "1"), key[::-1]]
    far = [secrets.token_hex(32) for _ in range(20)]
    said = set()
    for guessed in near + far:
        client = new_client(api.app, f"{CallerKind.MANAGEMENT.value} {guessed}")
        answer = answered(GUESSES, await client.get("/v1/loyalty_programs"))
        said.add((answer.status_code, answer.text))
    assert len(said) == 1


async def test_a_wrong_old_password_counts_as_a_guess(api: Api) -> None:
    """Whoever has found an open browser cannot try passwords in it."""
    person = await api.person()
    token = person.headers["Authorization"].split()[1]
    browser = browser_of(api.app, token, address="198.51.107.1")
    data = {"oldPassword": "wrong", "newPassword": "a new long password"}
    found = [
        answered(GUESSES, await browser.post("/account/me/password", data=data)).status_code
        for _ in range(6)
    ]
    assert found == [422] * 5 + [429]
    assert await guess(browser, person.email, PASSWORD) == 429
    assert api.clock.now == NOW
