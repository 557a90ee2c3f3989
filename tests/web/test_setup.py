"""The setup page makes the first admin for whoever has its link, once, and is gone then."""

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from api.harness import PASSWORD, Api, running_api
from tallystick.core.accounts import AuditFilter
from tallystick.services.accounts import has_users
from tallystick.services.changes import list_audit
from tallystick.services.programs import list_programs
from tallystick.services.sessions import sign_in
from tallystick.services.setup import open_setup
from tallystick.web.cookies import SESSION_COOKIE
from web.harness import ADMIN, PHONE, serving
from web.test_every_page import RULES, SCREENS

HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Api]:
    """An installation in which nobody can sign in yet."""
    async with running_api(database_url) as api:
        yield api


@pytest.fixture
async def token(empty: Api) -> str:
    """What opens its setup page."""
    token = await open_setup(empty.context)
    assert token is not None
    return token


def browser_of(api: Api) -> httpx.AsyncClient:
    """Somebody who sends forms as a browser does."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app), base_url="http://tallystick.test", headers=HERE
    )


async def _send(api: Api, token: str, **fields: str) -> httpx.Response:
    form = {"token": token, "email": ADMIN, "password": PASSWORD, "timezone": "UTC"}
    async with browser_of(api) as browser:
        return await browser.post("/setup", data=form | fields)


async def test_the_page_makes_the_first_admin_who_has_signed_in_then(
    empty: Api, token: str
) -> None:
    answer = await _send(empty, token, name="Harbour Club")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert SESSION_COOKIE in answer.headers["set-cookie"]
    await sign_in(empty.context, email=ADMIN, password=PASSWORD, origin=None)
    [program] = await list_programs(empty.context)
    assert (program.settings.name, program.settings.timezone) == ("Harbour Club", "UTC")


async def test_what_was_set_up_is_written_down_as_the_admins(empty: Api, token: str) -> None:
    await _send(empty, token, name="Harbour Club")
    newest = (await list_audit(empty.context, AuditFilter(), page_size=3)).entries
    things = [entry.change.entity.split("/")[2] for entry in newest]
    assert things == ["sessions", "loyalty_programs", "users"]
    for entry in newest:
        assert (entry.email, entry.change.address) == (ADMIN, "127.0.0.1")
        assert entry.change.request_id is not None


async def test_without_a_name_there_is_no_program_yet(empty: Api, token: str) -> None:
    await _send(empty, token)
    assert await list_programs(empty.context) == []


async def test_the_demo_comes_on_request(empty: Api, token: str) -> None:
    await _send(empty, token, demo="on")
    assert [each.settings.name for each in await list_programs(empty.context)] == ["demo"]


@pytest.mark.parametrize("wrong", ["", "0" * 64, "é"])
async def test_without_its_token_there_is_no_such_page(empty: Api, token: str, wrong: str) -> None:
    assert wrong != token
    async with browser_of(empty) as browser:
        assert (await browser.get("/setup", params={"token": wrong})).status_code == 404
        assert (await browser.get("/setup", params={"token": token})).status_code == 200
    assert (await _send(empty, wrong)).status_code == 404
    assert not await has_users(empty.context)


async def test_once_somebody_can_sign_in_the_page_is_gone(empty: Api, token: str) -> None:
    await _send(empty, token)
    async with browser_of(empty) as browser:
        assert (await browser.get("/setup", params={"token": token})).status_code == 404
    assert (await _send(empty, token, email="eve@example.com")).status_code == 404
    assert await open_setup(empty.context) is None


async def test_of_two_at_the_same_moment_one_becomes_admin(empty: Api, token: str) -> None:
    answers = await asyncio.gather(
        *(_send(empty, token, email=f"{name}@example.com") for name in ("ann", "bob", "cid"))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404]
    clients = await empty.manager.get("/v1/users")
    assert len(clients.json()["data"]) == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"password": "short"}, "Found 5 characters; write at least 12"),
        ({"email": "nobody"}, "write an address like ada@example.com"),
        ({"name": "Club", "timezone": "Lisbon"}, "IANA time zone"),
        ({"name": "demo", "demo": "on"}, "demo"),
    ],
    ids=["password", "address", "zone", "name"],
)
async def test_what_is_wrong_is_said_and_nothing_is_made(
    empty: Api, token: str, fields: dict[str, str], says: str
) -> None:
    answer = await _send(empty, token, **fields)
    assert answer.status_code == 422
    assert says in answer.text
    assert PASSWORD not in answer.text
    assert not await has_users(empty.context)
    assert await list_programs(empty.context) == []


async def test_a_form_of_another_site_makes_nobody(empty: Api, token: str) -> None:
    form = {"token": token, "email": ADMIN, "password": PASSWORD}
    async with browser_of(empty) as browser:
        answer = await browser.post("/setup", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert not await has_users(empty.context)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_page_is_accessible_and_leads_in(
    empty: Api, token: str, browser: Browser, theme: Literal["light", "dark"]
) -> None:
    async with serving(empty) as url:
        page = await browser.new_page(base_url=url, color_scheme=theme)
        await page.goto("/login")
        await expect(page.get_by_text("Nobody can sign in yet")).to_be_visible()
        await page.goto(f"/setup?token={token}")
        await page.screenshot(path=SCREENS / f"setup-{theme}.png", full_page=True)
        found = await Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        await page.set_viewport_size({"width": PHONE, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE
        await page.locator("[name=email]").fill(ADMIN)
        await page.locator("[name=password]").fill(PASSWORD)
        await page.locator("[name=name]").fill("Harbour Club")
        await page.locator("[name=timezone]").fill("Europe/Lisbon")
        await page.get_by_role("button", name="Set up").click()
        await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        await page.close()
