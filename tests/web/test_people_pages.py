"""People in the browser: invited by a link, given roles, shut out and let in again."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from api.harness import PASSWORD
from services.harness import ADMIN as ANY_ADMIN
from services.harness import give_role, new_name
from tallystick.core.programs import Program
from tallystick.core.roles import Role
from tallystick.services.sessions import list_sessions, sign_in
from tallystick.web.browsers import browser_of
from web.harness import Site

NEW_PASSWORD = "four plain words do"


@pytest.fixture(scope="module")
async def club(module_site: Site) -> Program:
    """A program to have roles in."""
    return await module_site.api.program(name="Club")


async def _person_page(site: Site, email: str, **options: Any) -> Page:
    page = await site.page(**options)
    await page.goto(f"/account/people/{await site.user_id(email)}")
    return page


async def _invite(page: Page, email: str, role: str, points: str = "") -> str:
    """Invite somebody by the form; the link comes back."""
    await page.goto("/account/people")
    await page.get_by_role("link", name="Invite").click()
    form = page.locator("#form-card")
    await form.get_by_label("E-mail").fill(email)
    await form.get_by_label("Club").select_option(role)
    if points:
        await form.get_by_role("textbox", name="Points a day").last.fill(points)
    await form.get_by_role("button", name="Make invitation").click()
    return await page.locator("#once").inner_text()


def _new_email() -> str:
    return f"{new_name('guest').replace(' ', '')}@example.com"


async def test_an_invited_person_comes_in_by_the_link_once(site: Site, club: Program) -> None:
    email = _new_email()
    link = await _invite(await site.page(), email, "support", "250")
    guest = await site.page(email=None)
    await guest.goto(link)
    await expect(guest.get_by_label("E-mail")).to_have_value(email)
    await guest.get_by_label("New password").fill("too short")
    await guest.get_by_role("button", name="Set password").click()
    await expect(guest.get_by_text("write at least 12")).to_be_visible()
    site.faults.clear()  # a browser complains about the status 422
    await guest.get_by_label("New password").fill(NEW_PASSWORD)
    await guest.get_by_role("button", name="Set password").click()
    await guest.goto("/account/me")
    await expect(guest.get_by_text(f"Support in {club.settings.title}")).to_contain_text(
        "250 points a day"
    )
    await guest.goto(link)
    await expect(guest.get_by_text("it was used before")).to_be_visible()
    site.faults.clear()  # and about 403


async def test_an_invitation_is_made_and_used_without_scripts(site: Site, club: Program) -> None:
    email = _new_email()
    assert club.settings.title == "Club"
    link = await _invite(await site.page(java_script_enabled=False), email, "viewer")
    guest = await site.page(email=None, java_script_enabled=False)
    await guest.goto(link)
    await guest.get_by_label("New password").fill(NEW_PASSWORD)
    await guest.get_by_role("button", name="Set password").click()
    await expect(guest.get_by_role("button", name="My account")).to_be_visible()


async def test_support_needs_a_number_of_points(site: Site, club: Program) -> None:
    page = await site.page()
    await page.goto("/account/people/new")
    await page.get_by_label("E-mail").fill(_new_email())
    role = page.locator(".program-role", has_text=club.settings.title)
    await role.get_by_label("Club").select_option("support")
    await page.get_by_role("button", name="Make invitation").click()
    await expect(role.get_by_role("textbox", name="Points a day")).to_have_attribute(
        "aria-invalid", "true"
    )
    await expect(role.get_by_label("Club")).to_have_value("support")
    site.faults.clear()  # a browser complains about the status 422


async def test_a_role_that_is_changed_holds_at_once(site: Site, club: Program) -> None:
    email = await site.person()
    theirs = await site.page(email)
    assert (await theirs.request.get(f"/programs/{club.id}")).status == 404
    page = await _person_page(site, email)
    await page.get_by_label("Name").fill("Tom Reis")
    await page.get_by_label("Club").select_option("viewer")
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Tom Reis")
    assert (await theirs.request.get(f"/programs/{club.id}")).ok
    await page.get_by_label("Admin", exact=False).check()
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_role("status").filter(has_text="saved")).to_be_visible()
    assert (await theirs.request.get("/account/people")).ok
    await page.get_by_label("Admin", exact=False).uncheck()
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_label("Club")).to_be_visible()
    assert (await theirs.request.get("/account/people")).status == 403


async def test_who_is_deactivated_is_out_at_once_and_can_be_let_in_again(site: Site) -> None:
    email = await site.person()
    theirs = await site.page(email)
    page = await _person_page(site, email)
    await page.get_by_role("link", name="Deactivate").click()
    await page.get_by_role("button", name="Deactivate person").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Deactivated")
    await theirs.goto("/programs")
    await expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_role("button", name="Activate").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Active")
    assert await sign_in(site.api.context, email=email, password=PASSWORD)


async def test_who_is_deleted_is_in_the_list_no_more(site: Site) -> None:
    email = await site.person()
    page = await _person_page(site, email, java_script_enabled=False)
    await page.get_by_role("link", name="Delete").click()
    await page.get_by_role("button", name="Delete person").click()
    await expect(page.get_by_text(f"{email} is deleted")).to_be_visible()
    await expect(page.get_by_role("table").get_by_text(email)).to_have_count(0)


async def test_the_last_admin_stays_and_the_page_says_why(site: Site) -> None:
    page = await _person_page(site, "ada@example.com")
    await page.get_by_label("Admin", exact=False).uncheck()
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_role("alert")).to_contain_text("make another user an admin first")
    site.faults.clear()  # a browser complains about the status 409


async def test_a_lost_password_is_set_anew_by_a_link(site: Site) -> None:
    email = await site.person()
    page = await _person_page(site, email)
    await page.get_by_role("button", name="Make link").click()
    link = await page.locator("#once").inner_text()
    assert re.fullmatch(rf"{site.url}/invite/[\w-]{{40,}}", link)
    theirs = await site.page(email=None)
    await theirs.goto(link)
    await theirs.get_by_label("New password").fill(NEW_PASSWORD)
    await theirs.get_by_role("button", name="Set password").click()
    await expect(theirs.get_by_role("button", name="My account")).to_be_visible()
    assert await sign_in(site.api.context, email=email, password=NEW_PASSWORD)


async def test_sessions_of_somebody_are_seen_and_ended(site: Site, club: Program) -> None:
    email = await site.person()
    await give_role(site.api.context, await site.user_id(email), club, Role.VIEWER)
    theirs = await site.page(email)
    assert (await theirs.request.get("/account/me")).ok
    page = await _person_page(site, email)
    await page.get_by_role("button", name="End").click()
    await expect(page.get_by_text("Nowhere at the moment")).to_be_visible()
    await theirs.goto("/account/me")
    await expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not await list_sessions(site.api.context, ANY_ADMIN, await site.user_id(email))


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1",
            "Safari on iPhone",
        ),
        ("python-httpx/0.28", "python-httpx/0.28"),
        ("", "Unknown program"),
    ],
    ids=["firefox", "edge", "iphone", "program", "nothing"],
)
def test_a_browser_is_told_by_name_and_system(user_agent: str, name: str) -> None:
    assert browser_of(user_agent) == name
