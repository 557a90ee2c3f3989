"""My account in the browser: theme, numbers, time zone, password, sessions."""

import pytest
from playwright.async_api import Page, expect

from api.harness import PASSWORD
from services.harness import give_role
from tallystick.core.programs import Program
from tallystick.core.roles import Role
from tallystick.services.sessions import sign_in
from web.harness import Site

NEW_PASSWORD = "four plain words do"
GROUND = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(246, 247, 246)", "rgb(14, 18, 17)"


@pytest.fixture(scope="module")
async def club(module_site: Site) -> Program:
    """A program with a member who has many points."""
    program = await module_site.api.program(timezone="Europe/Berlin")
    await module_site.api.member(program, points="12582.50", name="many")
    return program


async def _save(page: Page, **fields: str) -> None:
    """Choose these in the form of one's own settings, and save them."""
    await page.goto("/account/me")
    for label, value in fields.items():
        field = page.get_by_label(label.replace("_", " "))
        is_choice = await field.evaluate("each => each.tagName") == "SELECT"
        await (field.select_option(label=value) if is_choice else field.fill(value))
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_role("status").filter(has_text="saved")).to_be_visible()


async def test_the_theme_follows_the_person_into_every_browser(site: Site) -> None:
    email = await site.person()
    await _save(await site.page(email), Theme="Dark")
    elsewhere = await site.page(email, color_scheme="light", java_script_enabled=False)
    await elsewhere.goto("/programs")
    await expect(elsewhere.locator("html")).to_have_attribute("data-theme", "dark")


async def test_the_button_switches_at_once_and_what_it_chose_is_kept(site: Site) -> None:
    email = await site.person()
    page = await site.page(email, color_scheme="light")
    await page.goto("/account/me")
    assert await page.evaluate(GROUND) == LIGHT
    async with page.expect_response("**/account/me/theme") as kept:
        await page.get_by_role("button", name="Switch light and dark").click()
    assert await page.evaluate(GROUND) == DARK
    assert (await kept.value).status == 204
    await page.reload()
    assert await page.evaluate(GROUND) == DARK
    await expect(page.get_by_label("Theme")).to_have_value("dark")
    await _save(page, Theme="Light")
    assert await page.evaluate(GROUND) == LIGHT


async def test_the_button_switches_without_scripts_and_leads_back(site: Site) -> None:
    page = await site.page(await site.person(), java_script_enabled=False)
    await page.goto("/account/roles")
    await page.get_by_role("button", name="Switch light and dark").click()
    await expect(page).to_have_url(f"{site.url}/account/roles")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_numbers_and_dates_are_written_as_the_person_wants(site: Site, club: Program) -> None:
    email = await site.person()
    await give_role(site.api.context, await site.user_id(email), club, Role.VIEWER)
    page = await site.page(email)
    await _save(page, Numbers_and_dates="Deutsch")
    await page.goto(f"/programs/{club.id}/members")
    await expect(page.get_by_role("row").filter(has_text="many")).to_contain_text("12.582,50")
    await page.goto(f"/programs/{club.id}/members/many")
    chart = page.locator("points-chart").first
    await expect(chart.locator("svg text").get_by_text("10.000", exact=True)).to_be_attached()
    await chart.get_by_role("slider").focus()
    await page.keyboard.press("End")
    await expect(chart.locator(".tip")).to_contain_text("12.582,50")


async def test_times_outside_a_program_are_in_the_persons_zone_and_in_it_in_its_own(
    site: Site, club: Program
) -> None:
    email = await site.person()
    await give_role(site.api.context, await site.user_id(email), club, Role.VIEWER)
    page = await site.page(email)
    await _save(page, Time_zone="Asia/Tokyo")
    await expect(page.get_by_role("complementary")).to_contain_text("Times in Asia/Tokyo")
    await page.goto(f"/programs/{club.id}/members")
    await expect(page.get_by_role("complementary")).to_contain_text("Times in Europe/Berlin")


async def test_a_time_zone_that_is_none_is_refused(site: Site) -> None:
    page = await site.page(await site.person())
    await page.goto("/account/me")
    await page.get_by_label("Time zone").fill("Atlantis")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_label("Time zone")).to_have_value("Atlantis")
    await expect(page.get_by_text("IANA time zone database")).to_be_visible()
    site.faults.clear()  # a browser complains about the status 422


async def test_a_new_password_ends_the_other_sessions(site: Site) -> None:
    email = await site.person()
    page, other = await site.page(email), await site.page(email=None)
    await other.goto("/login")
    await other.get_by_label("E-mail").fill(email)
    await other.get_by_label("Password").fill(PASSWORD)
    await other.get_by_role("button", name="Sign in").click()
    await expect(other.get_by_role("button", name="My account")).to_be_visible()
    await page.goto("/account/me")
    await page.get_by_role("link", name="Change password").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Present password").fill(PASSWORD)
    await form.get_by_label("New password").fill(NEW_PASSWORD)
    await form.get_by_role("button", name="Change password").click()
    await expect(page.get_by_role("status").filter(has_text="new password")).to_be_visible()
    await other.goto("/account/me")
    await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await sign_in(site.api.context, email=email, password=NEW_PASSWORD)


async def test_a_wrong_present_password_changes_nothing(site: Site) -> None:
    email = await site.person()
    page = await site.page(email)
    await page.goto("/account/me/password")
    await page.get_by_label("Present password").fill("not this one")
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_text("write the one you sign in with")).to_be_visible()
    assert await sign_in(site.api.context, email=email, password=PASSWORD)
    site.faults.clear()  # a browser complains about the status 422


async def test_sessions_are_listed_and_ended_one_by_one_or_all_others(site: Site) -> None:
    email = await site.person()
    page = await site.page(email)
    for _ in range(3):
        await sign_in(site.api.context, email=email, password=PASSWORD)
    await page.goto("/account/me")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(4)
    await expect(rows.filter(has_text="This session")).to_have_count(1)
    await rows.get_by_role("button", name="End").first.click()
    await expect(rows).to_have_count(3)
    await page.get_by_role("button", name="End all others").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("This session")


@pytest.mark.parametrize(
    ("back", "to"),
    [
        ("/programs?sort=name", "/programs?sort=name"),
        ("/programs/1?find=Ж", "/programs/1?find=%D0%96"),
        ("/\t/evil.test", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        ("//evil.test", "/"),
    ],
)
async def test_a_theme_leads_back_to_a_page_of_ours_only(site: Site, back: str, to: str) -> None:
    page = await site.page()
    answer = await page.request.post(
        "/account/me/theme",
        form={"theme": "dark", "back": back},
        headers={"HX-Request": "true", "Origin": site.url},
    )
    assert answer.ok
    assert answer.headers["hx-redirect"] == to
    assert "set-cookie" not in answer.headers
