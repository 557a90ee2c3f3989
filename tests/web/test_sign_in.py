"""Signing in by page: the right way, the wrong ways, and back to the page that was asked for."""

import pytest
from playwright.async_api import Page, expect

from api.harness import PASSWORD
from tallystick.services.sessions import sign_in, sign_out
from tallystick.web.cookies import SESSION_COOKIE
from web.harness import ADMIN, Site


async def _sign_in(page: Page, *, email: str = ADMIN, password: str = PASSWORD) -> None:
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def test_the_right_password_leads_to_the_programs(site: Site) -> None:
    page = await site.page(email=None)
    await page.goto("/")
    await _sign_in(page)
    await expect(page).to_have_url(f"{site.url}/programs")
    await expect(page.get_by_role("heading", name="Programs", exact=True)).to_be_visible()


async def test_a_wrong_password_says_so_and_keeps_the_address(site: Site) -> None:
    page = await site.page(email=None)
    await page.goto("/login")
    await _sign_in(page, password="not this one")
    await expect(page.get_by_role("alert")).to_contain_text("password is wrong")
    await expect(page.get_by_label("E-mail")).to_have_value(ADMIN)
    await expect(page.get_by_label("Password")).to_have_value("")
    site.faults.clear()  # a browser complains about the status 401


async def test_signing_out_ends_the_session(site: Site) -> None:
    page = await site.page(email=None)
    await page.goto("/programs")
    await _sign_in(page)
    await page.get_by_role("button", name="My account").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(f"{site.url}/login")
    await page.goto("/programs")
    await expect(page).to_have_url(f"{site.url}/login?next=/programs")


async def test_after_a_session_has_ended_signing_in_leads_back_to_the_same_page(site: Site) -> None:
    ended = await sign_in(site.api.context, email=ADMIN, password=PASSWORD)
    await sign_out(site.api.context, ended.token)
    page = await site.page(email=None)
    await page.context.add_cookies(
        [{"name": SESSION_COOKIE, "value": ended.token, "url": site.url}]
    )
    await page.goto("/programs?sort=name")
    await _sign_in(page)
    await expect(page).to_have_url(f"{site.url}/programs?sort=name")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.test",
        "https://evil.test",
        "/\\evil.test",
        "/%09/evil.test",
        "/%0D%0A/evil.test",
        "evil",
    ],
)
async def test_signing_in_never_leads_to_another_site(site: Site, elsewhere: str) -> None:
    page = await site.page(email=None)
    await page.goto(f"/login?next={elsewhere}")
    await _sign_in(page)
    await expect(page).to_have_url(f"{site.url}/programs")


async def test_a_form_of_another_site_is_refused(site: Site) -> None:
    page = await site.page()
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}
    answer = await page.request.post("/logout", headers=cross)
    assert answer.status == 403
    await page.goto("/programs")
    await expect(page.get_by_role("heading", name="Programs", exact=True)).to_be_visible()


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    page = await site.page(email=None)
    await page.goto("/login")
    await _sign_in(page)
    [cookie] = [c for c in await page.context.cookies() if c.get("name") == SESSION_COOKIE]
    assert cookie.get("httpOnly")
    assert cookie.get("sameSite") == "Lax"
    assert await page.evaluate("document.cookie") == ""


async def test_everything_works_without_scripts(site: Site) -> None:
    page = await site.page(email=None, java_script_enabled=False)
    await page.goto("/programs")
    await _sign_in(page)
    await page.get_by_role("button", name="My account").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_without_a_provider_there_is_no_button_and_no_page(site: Site) -> None:
    page = await site.page(email=None)
    await page.goto("/login")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(page.get_by_role("link", name="Continue with")).to_have_count(0)
    for path in ("/login/openid", "/login/openid/callback?code=a&state=b"):
        assert (await page.request.get(path)).status == 404
