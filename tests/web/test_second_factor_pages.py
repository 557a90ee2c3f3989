"""A second factor in the browser: turned on, asked for before there is a session, turned off."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from services.apps import PASSWORD, Holder, code_at, new_holder, new_person, other_than
from services.harness import ADMIN as ANY_ADMIN
from services.harness import NOW
from tallystick.services.links import renew_link
from tallystick.services.second_factor import get_second_factor
from tallystick.services.sessions import sign_in
from tallystick.web.cookies import SESSION_COOKIE, SIGN_IN_COOKIE
from web.harness import DESK, PHONE, Site
from web.test_every_page import HEIGHT, RULES, SCREENS

WAYS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
STEP = timedelta(seconds=30)


@pytest.fixture
async def ada(site: Site) -> Holder:
    """Somebody with a second factor, whose code of NOW is unused."""
    return await new_holder(site.api.context)


def now_code(site: Site, holder: Holder) -> str:
    """What their app shows now."""
    return code_at(holder.secret, site.api.clock.now)


async def show_password(page: Page, email: str, wanted: str = "/account/me") -> None:
    """Open a page as nobody, and show the password that is asked for."""
    await page.goto(wanted)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def show_code(page: Page, code: str) -> None:
    """Show a code on the page that asks for it."""
    await page.get_by_label("ode").fill(code)
    await page.get_by_role("button", name="Sign in").click()


async def come_in(site: Site, holder: Holder, **options: Any) -> Page:
    """The account page of somebody who has signed in by both."""
    page = await site.page(email=None, **options)
    await show_password(page, holder.email)
    await show_code(page, holder.recovery_codes[-1])
    await expect(page.get_by_role("heading", name="My account")).to_be_visible()
    return page


async def cookies(page: Page) -> dict[str, str]:
    """The cookies of a browser."""
    return {each["name"]: each["value"] for each in await page.context.cookies()}


async def check_look(page: Page, name: str) -> None:
    """A page is accessible and keeps within the screen, in both themes; pictures are kept."""
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await page.set_viewport_size({"width": DESK, "height": HEIGHT})
        await page.screenshot(path=SCREENS / f"{name}-{theme}.png", full_page=True)
        found = await Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        await page.set_viewport_size({"width": PHONE, "height": HEIGHT})
        await page.screenshot(path=SCREENS / f"{name}-{theme}-phone.png", full_page=True)
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE


async def turn_on(page: Page, site: Site) -> tuple[str, list[str]]:
    """Turn it on from My account; the secret and the recovery codes, as they are shown."""
    await page.goto("/account/me")
    await page.get_by_role("link", name="Turn on").click()
    await page.locator("#form-card").get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    width = await page.get_by_role("img", name="QR code").evaluate("each => each.naturalWidth")
    assert width > 40, "the policy of the page lets the picture be drawn"
    secret = await page.locator("#once").inner_text()
    await page.get_by_label("Code").fill(code_at(secret, site.api.clock.now, steps=-1))
    await page.get_by_role("button", name="Turn on").click()
    codes = await page.get_by_role("list", name="Recovery codes").locator("li").all_inner_texts()
    return secret, codes


@WAYS
async def test_it_is_turned_on_and_asked_for_from_then_on(site: Site, *, scripts: bool) -> None:
    email, _, _ = await new_person(site.api.context)
    page = await site.page(email=None, java_script_enabled=scripts)
    await show_password(page, email)
    secret, codes = await turn_on(page, site)
    assert len(set(codes)) == 10
    await page.get_by_role("link", name="I have kept them").click()
    await expect(page.get_by_text("10 of 10 left")).to_be_visible()
    await page.get_by_role("button", name="My account").click()
    await page.get_by_role("button", name="Sign out").click()
    await show_password(page, email, "/account/roles?all=1")
    await expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    await show_code(page, code_at(secret, site.api.clock.now))
    await expect(page).to_have_url(f"{site.url}/account/roles?all=1")


@WAYS
async def test_a_recovery_code_does_as_well(site: Site, ada: Holder, *, scripts: bool) -> None:
    page = await site.page(email=None, java_script_enabled=scripts)
    await show_password(page, ada.email, "/account/roles?all=1")
    await page.get_by_role("link", name="Use a recovery code").click()
    await show_code(page, ada.recovery_codes[0])
    await expect(page).to_have_url(f"{site.url}/account/roles?all=1")
    await page.goto("/account/me")
    await expect(page.get_by_text("9 of 10 left")).to_be_visible()


async def test_a_wrong_code_is_not_shown_again_and_another_may_be_tried(
    site: Site, ada: Holder
) -> None:
    page = await site.page(email=None)
    await show_password(page, ada.email, "/account/roles")
    wrong = other_than(now_code(site, ada))
    await show_code(page, wrong)
    await expect(page.get_by_text("which is good once")).to_be_visible()
    assert wrong not in await page.content()
    site.faults.clear()  # a browser complains about the status 422
    await show_code(page, now_code(site, ada))
    await expect(page).to_have_url(f"{site.url}/account/roles")


async def test_too_many_wrong_codes_have_to_wait(site: Site, ada: Holder) -> None:
    page = await site.page(email=None)
    await show_password(page, ada.email)
    for _ in range(6):
        await show_code(page, other_than(now_code(site, ada)))
    await expect(page.get_by_text("wait 60 seconds")).to_be_visible()
    site.faults.clear()  # a browser complains about the statuses 422 and 429


async def test_an_unfinished_sign_in_opens_no_page(site: Site, ada: Holder) -> None:
    page = await site.page(email=None)
    await show_password(page, ada.email)
    token = (await cookies(page))[SIGN_IN_COOKIE]
    assert SESSION_COOKIE not in await cookies(page)
    for wanted in ("/programs", "/account/me", "/account/people"):
        await page.goto(wanted)
        await expect(page).to_have_url(f"{site.url}/login?next={wanted}")
    transport = httpx.ASGITransport(site.api.app)
    async with httpx.AsyncClient(transport=transport, base_url=site.url) as client:
        for name in (SESSION_COOKIE, SIGN_IN_COOKIE):
            answer = await client.get("/account/me", headers={"Cookie": f"{name}={token}"})
            assert answer.headers["Location"] == "/login?next=/account/me"
        answer = await client.get("/v1/own/settings", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


async def test_no_token_from_before_signing_in_is_one_after_it(site: Site, ada: Holder) -> None:
    page = await site.page(email=None)
    planted = [
        {"name": name, "value": "x" * 43, "url": site.url}
        for name in (SESSION_COOKIE, SIGN_IN_COOKIE)
    ]
    await page.context.add_cookies(planted)  # type: ignore[arg-type]  # as the harness writes them
    await show_password(page, ada.email)
    between = await cookies(page)
    await show_code(page, now_code(site, ada))
    await expect(page.get_by_role("heading", name="My account")).to_be_visible()
    after = await cookies(page)
    assert SIGN_IN_COOKIE not in after
    assert after[SESSION_COOKIE] not in {"x" * 43, *between.values()}
    for token in ("x" * 43, between[SIGN_IN_COOKIE]):
        other = await site.page(email=None)
        await other.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site.url}])
        await other.goto("/account/me")
        await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_the_cookie_in_between_is_out_of_reach_and_ends_by_itself(
    site: Site, ada: Holder
) -> None:
    page = await site.page(email=None)
    await show_password(page, ada.email)
    [cookie] = [c for c in await page.context.cookies() if c.get("name") == SIGN_IN_COOKIE]
    assert cookie.get("httpOnly")
    assert cookie.get("sameSite") == "Lax"
    assert cookie.get("expires", -1) > 0
    assert await page.evaluate("document.cookie") == ""


async def test_after_five_minutes_it_begins_with_the_password_and_still_leads_on(
    site: Site, ada: Holder
) -> None:
    page = await site.page(email=None)
    await show_password(page, ada.email, "/account/roles")
    site.api.clock.now = NOW + timedelta(minutes=5)
    await show_code(page, now_code(site, ada))
    await expect(page.get_by_text("longer than five minutes")).to_be_visible()
    site.faults.clear()  # a browser complains about the status 401
    await page.goto("/login/code?next=/account/roles")
    await expect(page).to_have_url(f"{site.url}/login?next=/account/roles")
    await show_password(page, ada.email, "/login?next=/account/roles")
    await show_code(page, now_code(site, ada))
    await expect(page).to_have_url(f"{site.url}/account/roles")


@pytest.mark.parametrize("elsewhere", ["//evil.test", "https://evil.test", "/\\evil.test"])
async def test_a_code_never_leads_to_another_site(site: Site, ada: Holder, elsewhere: str) -> None:
    page = await site.page(email=None)
    await show_password(page, ada.email)
    await page.goto(f"/login/code?next={elsewhere}")
    await show_code(page, now_code(site, ada))
    await expect(page).to_have_url(f"{site.url}/programs")


async def test_a_code_from_another_site_is_refused(site: Site, ada: Holder) -> None:
    page = await site.page(email=None)
    await show_password(page, ada.email)
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}
    form: dict[str, str | float | bool] = {"code": now_code(site, ada)}
    answer = await page.request.post("/login/code", headers=cross, form=form)
    assert answer.status == 403
    await show_code(page, now_code(site, ada))
    await expect(page.get_by_role("heading", name="My account")).to_be_visible()


async def test_a_wrong_first_code_shows_the_secret_no_more(site: Site) -> None:
    email, _, caller = await new_person(site.api.context)
    page = await site.page(email=None)
    await show_password(page, email)
    await page.get_by_role("link", name="Turn on").click()
    await page.get_by_role("dialog").get_by_label("Password").fill("not this one")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("write the one you sign in with")).to_be_visible()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Go on").click()
    secret = await page.locator("#once").inner_text()
    await page.get_by_label("Code").fill(other_than(code_at(secret, NOW)))
    await page.get_by_role("button", name="Turn on").click()
    await expect(page.get_by_text("it is not shown again")).to_be_visible()
    assert secret.replace(" ", "") not in (await page.content()).replace(" ", "")
    assert (await get_second_factor(site.api.context, caller)).since is None
    site.faults.clear()  # a browser complains about the statuses 422
    await page.get_by_label("Code").fill(code_at(secret, NOW))
    await page.get_by_role("button", name="Turn on").click()
    await expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


@WAYS
async def test_codes_are_renewed_and_it_is_turned_off(
    site: Site, ada: Holder, *, scripts: bool
) -> None:
    page = await come_in(site, ada, java_script_enabled=scripts)
    await page.get_by_role("link", name="New codes").click()
    form = page.locator("#form-card")
    await form.get_by_label("Password").fill(PASSWORD)
    await form.get_by_label("Code").fill(ada.recovery_codes[0])
    await form.get_by_role("button", name="Make codes").click()
    codes = await page.get_by_role("list", name="Recovery codes").locator("li").all_inner_texts()
    assert set(codes).isdisjoint(ada.recovery_codes)
    await page.get_by_role("link", name="I have kept them").click()
    await page.get_by_role("link", name="Turn off").click()
    await form.get_by_label("Password").fill(PASSWORD)
    await form.get_by_label("Code").fill("1")
    await form.get_by_role("button", name="Turn off").click()
    await expect(page.get_by_text("which is good once")).to_be_visible()
    site.faults.clear()  # a browser complains about the status 422
    await form.get_by_label("Password").fill(PASSWORD)
    await form.get_by_label("Code").fill(now_code(site, ada))
    await form.get_by_role("button", name="Turn off").click()
    await expect(page.get_by_text("Your second factor is off")).to_be_visible()
    assert await sign_in(site.api.context, email=ada.email, password=PASSWORD)


@WAYS
async def test_an_admin_sees_who_has_one_and_resets_it(
    site: Site, ada: Holder, *, scripts: bool
) -> None:
    theirs = await come_in(site, ada)
    page = await site.page(java_script_enabled=scripts)
    await page.goto("/account/people")
    row = page.get_by_role("row").filter(has_text=ada.email)
    await expect(row.get_by_role("cell").nth(3)).to_have_text("On")
    await row.get_by_role("link").click()
    await page.get_by_role("link", name="Reset").click()
    await page.get_by_role("button", name="Reset second factor").click()
    await expect(page.get_by_text("signs in without a second factor now")).to_be_visible()
    await expect(page.get_by_role("link", name="Reset")).to_have_count(0)
    await theirs.goto("/account/me")
    await expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto(f"/account/audit?entity=/v1/users/{ada.id}/second_factor")
    await expect(page.get_by_text(f"Person {ada.id} · Second factor").first).to_be_visible()


async def test_a_link_asks_for_a_code_as_well(site: Site, ada: Holder) -> None:
    link = await renew_link(site.api.context, ANY_ADMIN, ada.id)
    page = await site.page(email=None)
    await page.goto(f"/invite/{link.token}")
    await page.get_by_label("New password").fill("four plain words do")
    await page.get_by_label("Code").fill("123456")
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_text("which is good once")).to_be_visible()
    site.faults.clear()  # a browser complains about the status 422
    await check_look(page, "link-with-code")
    await page.get_by_label("New password").fill("four plain words do")
    await page.get_by_label("Code").fill(now_code(site, ada))
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("heading", name="Programs", exact=True)).to_be_visible()


async def test_every_step_is_accessible_and_keeps_within_the_screen(site: Site) -> None:
    email, _, _ = await new_person(site.api.context)
    page = await site.page(email=None)
    await show_password(page, email)
    await check_look(page, "me-second-factor-off")
    await page.goto("/account/me/second-factor")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Go on").click()
    secret = await page.locator("#once").inner_text()
    await check_look(page, "second-factor-scan")
    await page.get_by_label("Code").fill(code_at(secret, NOW, steps=-1))
    await page.get_by_role("button", name="Turn on").click()
    await check_look(page, "recovery-codes-shown")
    [code, *_] = await page.locator(".codes li").all_inner_texts()
    await page.goto("/account/me")
    await check_look(page, "me-second-factor-on")
    await page.context.clear_cookies()
    await show_password(page, email)
    await check_look(page, "login-code")
    await page.get_by_role("link", name="Use a recovery code").click()
    await show_code(page, "wrong")
    await expect(page.get_by_text("which is good once")).to_be_visible()
    site.faults.clear()  # a browser complains about the status 422
    await check_look(page, "login-code-refused")
    await show_code(page, code)
    admin = await site.page()
    await admin.goto("/account/people")
    await check_look(admin, "people-second-factor")
    await admin.get_by_role("link", name=email).click()
    await check_look(admin, "person-second-factor-on")
