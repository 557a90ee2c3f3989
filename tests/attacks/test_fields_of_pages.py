"""Attacks in every field of every form of every page, and in every parameter of its address."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from api.harness import Api, exact
from attacks.browsing import browser_of, send
from attacks.counting import TEXTS, answered
from attacks.forms import Form, look_at
from attacks.marked import POINTS, Marked
from attacks.texts import ALL, HTML, WORST, assert_harmless
from services.harness import new_name
from tallystick.services.verify import verify
from tallystick.web.pages import Page
from tallystick.web.routes import PAGES

FORMS = [page for page in PAGES if page.show and not page.is_file]
PARAMETERS = ("after", "before", "sort", "range", "from", "to", "day", "on", "q", "program", "next")


@pytest.fixture(scope="module", autouse=True)
async def unharmed(module_api: Api, hidden: Marked) -> AsyncIterator[None]:
    """Whatever the tests send, nothing of what was there is missing, and the books add up."""
    yield
    assert (await hidden.member.balance())["active"] >= Decimal(POINTS)
    found = [each async for each in verify(module_api.context)]
    assert len(found) > 5
    assert not [each for each in found if each.offenders]


def address_of(page: Page, hidden: Marked) -> str:
    """Where a page is about what is there."""
    return page.path.format(**hidden.pages | hidden.own.get(page.name, {}))


def sensible(hidden: Marked) -> dict[str, str]:
    """What makes forms good whose fields come empty, so that the others are looked at."""
    return {
        "name": new_name("thing"),
        "title": "Title",
        "email": f"{new_name('p').replace(' ', '')}@example.com",
        "member": hidden.member.name,
        "points": "1",
        "reason": "Reason",
        "timezone": "UTC",
        "currency": "EUR",
        "expires": "2027-01-01",
        "expiryDate": "2027-01-01",
        "endpoints": "/v1/changes",
        "upFile": "",
    }


def filled(form: Form, hidden: Marked) -> dict[str, Any]:
    """The form as somebody would send it."""
    good = sensible(hidden)
    return {name: text or good.get(name, "") for name, text in form.fields.items()}


async def attack(client: httpx.AsyncClient, form: Form, field: str, hidden: Marked) -> None:
    """Send the form with each text in that field, and look at what is shown then."""
    for text in ALL:
        values = filled(form, hidden) | {field: text}
        if form.has_file:
            named = text if field == "upFile" else "points.csv"
            values["upFile"] = (named, f"customerprofileid,amount\n{text},x".encode())
        answer = answered(TEXTS, await send(client, form, values))
        assert_harmless(answer)
        if answer.is_redirect and text in HTML:
            assert_harmless(await client.get(answer.headers["Location"]))


@pytest.mark.parametrize("page", FORMS, ids=lambda page: page.name)
async def test_no_text_in_a_form_does_harm(
    api: Api, admin_token: str, hidden: Marked, page: Page
) -> None:
    client = browser_of(api.app, admin_token)
    address = address_of(page, hidden)
    shown = await client.get(address)
    assert shown.status_code in {200, 303}, shown.text
    seen = look_at(shown.text, address)
    for form in seen.forms:
        if form.action != "/logout" and (form.action.startswith(address) or form.method == "get"):
            for field in form.fields:
                await attack(client, form, field, hidden)
    for parameter in {*seen.parameters, *PARAMETERS}:
        for text in ALL if parameter in seen.parameters else WORST:
            assert_harmless(answered(TEXTS, await client.get(address, params={parameter: text})))


DOORS = ("/login", "/login/code", "/login/openid", "/login/openid/callback", "/setup")
FIELDS = (
    "email", "password", "next", "token", "name", "again", "program", "timezone", "code", "with",
    "state", "iss", "error",
)  # fmt: skip


@pytest.mark.parametrize("path", [*DOORS, "/invite/{token}"])
async def test_no_text_at_the_doors_does_harm(api: Api, path: str) -> None:
    body = {"email": f"{new_name('guest').replace(' ', '')}@example.com"}
    admin = await api.person(is_admin=True)
    token = exact(await admin.post("/v1/invitations", json=body))["token"]
    client, address = browser_of(api.app), path.format(token=token)
    for field in FIELDS:
        for text in ALL:
            assert_harmless(answered(TEXTS, await client.get(address, params={field: text})))
            values = {"email": "x", "password": "x", field: text}
            assert_harmless(answered(TEXTS, await client.post(address, data=values)))
