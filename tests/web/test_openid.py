"""Signing in at a real provider: in a browser, from the button and back, and all that can go wrong.

The provider goes by the real time, and so does the clock here.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import APIRequestContext, Browser, Page, expect
from structlog.testing import capture_logs

from api.harness import PASSWORD
from api.stored import everything_stored
from services.harness import new_name
from tallystick.core.accounts import AuditFilter, UserState
from tallystick.core.ids import UserId
from tallystick.core.openid import CALLBACK
from tallystick.services import openid
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.changes import list_audit
from tallystick.services.links import Invitation, invite_user
from tallystick.services.users import UserWish, delete_user, get_user, update_user
from tallystick.web.cookies import SESSION_COOKIE, START_COOKIE
from web.harness import ADMIN, DESK, PHONE, Site, running_site
from web.provider import AS_IT_SHOULD_BE, CLIENT_SECRET, NAME, Provider, let_in, running_provider
from web.test_every_page import RULES, SCREENS

BUTTON = f"Continue with {NAME}"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[Provider]:
    """The provider of the module."""
    async with running_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
async def module_site(
    module_database_url: str, browser: Browser, provider: Provider
) -> AsyncIterator[Site]:
    """A server whose people can sign in there."""
    async with running_site(module_database_url, browser, openid=provider.known_to) as site:
        yield site


@pytest.fixture
async def here(site: Site, provider: Provider) -> Site:
    """The site at the present instant, with a provider that is as it should be."""
    site.api.clock.now = datetime.now(UTC)
    site.tokens.clear()
    await provider.set(**AS_IT_SHOULD_BE)
    return site


async def begin(page: Page, to: str = "/login") -> None:
    await page.goto(to)
    await page.get_by_role("link", name=BUTTON).click()


async def come(page: Page, account: str, to: str = "/login") -> None:
    """Go the whole way."""
    await begin(page, to)
    await let_in(page, account)


async def refused(page: Page, text: str, site: Site) -> None:
    """The form says why, and there is a way to try again."""
    await expect(page.get_by_role("alert")).to_contain_text(text)
    await expect(page.get_by_role("link", name=BUTTON)).to_be_visible()
    names = {cookie.get("name") for cookie in await page.context.cookies()}
    assert SESSION_COOKIE not in names
    site.faults.clear()  # a browser complains about the status


async def invited(site: Site) -> tuple[str, UserId]:
    email = f"{new_name('invited').replace(' ', '')}@example.com"
    link = await invite_user(site.api.context, None, Invitation(email=email))
    return email, link.user_id


def admin(site: Site) -> Caller:
    return Caller(kind=CallerKind.PERSON, user_id=site.admin_id, is_admin=True)


async def state_of(site: Site, user_id: UserId) -> UserState:
    return (await get_user(site.api.context, admin(site), user_id)).state


async def captured(browser: APIRequestContext, account: str) -> str:
    """The address that the provider sends the browser back to, which is never asked for."""
    form = await browser.get("/login/openid")
    answer = await browser.post(form.url, form={"account": account}, max_redirects=0)
    while CALLBACK not in (to := answer.headers["location"]):
        answer = await browser.get(to, max_redirects=0)
    return to


async def test_somebody_signs_in_there_and_is_on_the_page_that_was_asked_for(
    here: Site, provider: Provider
) -> None:
    email = await here.person(is_admin=True)
    page = await here.page(email=None)
    await come(page, await provider.account(email), "/account/people?skip=0")
    await expect(page).to_have_url(f"{here.url}/account/people?skip=0")


async def test_it_works_without_scripts(here: Site, provider: Provider) -> None:
    page = await here.page(email=None, java_script_enabled=False)
    await come(page, await provider.account(await here.person()))
    await expect(page.get_by_role("heading", name="Programs", exact=True)).to_be_visible()


@pytest.mark.parametrize("in_token", [True, False])
@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
async def test_it_works_however_the_provider_wants_the_secret_and_tells_the_address(
    here: Site, provider: Provider, *, in_token: bool, auth_method: str
) -> None:
    await provider.set(in_token=in_token, auth_method=auth_method)
    page = await here.page(email=None)
    await come(page, await provider.account(await here.person()))
    await expect(page).to_have_url(f"{here.url}/programs")


async def test_who_was_invited_is_active_from_then_on_and_their_link_is_void(
    here: Site, provider: Provider
) -> None:
    email = f"{new_name('invited').replace(' ', '')}@example.com"
    link = await invite_user(here.api.context, None, Invitation(email=email))
    page = await here.page(email=None)
    await come(page, await provider.account(email.upper()))
    await expect(page).to_have_url(f"{here.url}/programs")
    assert await state_of(here, link.user_id) is UserState.ACTIVE
    await page.goto(f"/invite/{link.token}")
    await expect(page.get_by_text("it was used before")).to_be_visible()
    here.faults.clear()


async def test_the_audit_tells_who_came_in_and_how(here: Site, provider: Provider) -> None:
    email, user_id = await invited(here)
    page = await here.page(email=None)
    account = await provider.account(email)
    await come(page, account)
    await expect(page).to_have_url(f"{here.url}/programs")
    found = await list_audit(here.api.context, AuditFilter(user_id=user_id))
    told = [(entry.change.entity, entry.change.new or "") for entry in found.entries]
    assert [entity for entity, _ in told] == [
        "/v1/sessions",
        f"/v1/users/{user_id}",
        f"/v1/users/{user_id}/identities",
    ]
    assert '"way":"openid"' in told[0][1].replace(" ", "")
    assert '"active"' in told[1][1]
    assert account in told[2][1]
    assert all(entry.change.address == "127.0.0.1" for entry in found.entries)
    log = await here.page(ADMIN)
    await log.goto(f"/account/audit?who=person-{user_id}")
    await expect(log.get_by_text("Signed in by OpenID")).to_be_visible()


async def test_after_the_first_time_only_the_account_there_counts(
    here: Site, provider: Provider
) -> None:
    email, other = await here.person(), await here.person()
    account = await provider.account(email)
    page = await here.page(email=None)
    await come(page, account)
    await expect(page).to_have_url(f"{here.url}/programs")
    provider.people[account] = {"email": other, "email_verified": True}
    await provider.set(people=provider.people)
    again = await here.page(email=None)
    await come(again, account)
    await again.goto("/account/me")
    await expect(again.get_by_role("main").get_by_text(email, exact=True)).to_be_visible()
    another = await here.page(email=None)
    await come(another, await provider.account(email))
    await refused(another, "signs in with another account there", here)


@pytest.mark.parametrize("verified", [False, "true", 1, None])
async def test_an_address_that_is_not_confirmed_opens_nothing(
    here: Site, provider: Provider, verified: Any
) -> None:
    page = await here.page(email=None)
    await come(page, await provider.account(await here.person(), verified=verified))
    await refused(page, "has not confirmed an e-mail address", here)


async def test_without_an_address_nobody_is_found(here: Site, provider: Provider) -> None:
    page = await here.page(email=None)
    await come(page, await provider.account(None))
    await refused(page, "has not confirmed an e-mail address", here)


async def test_nobody_comes_in_who_was_not_invited(here: Site, provider: Provider) -> None:
    page = await here.page(email=None)
    await come(page, await provider.account("stranger@example.com"))
    await refused(page, "ask an admin to invite you", here)


@pytest.mark.parametrize("been_in", [True, False])
async def test_who_is_deactivated_stays_outside_and_the_audit_tells(
    here: Site, provider: Provider, *, been_in: bool
) -> None:
    email = await here.person()
    user_id, account = await here.user_id(email), await provider.account(email)
    if been_in:
        page = await here.page(email=None)
        await come(page, account)
        await expect(page).to_have_url(f"{here.url}/programs")
    wish = UserWish(state=UserState.DEACTIVATED)
    await update_user(here.api.context, admin(here), user_id, wish)
    page = await here.page(email=None)
    await come(page, account)
    await refused(page, "you are deactivated", here)
    found = await list_audit(here.api.context, AuditFilter(user_id=user_id))
    assert '"refused":true' in (found.entries[0].change.new or "").replace(" ", "")


async def test_who_is_deleted_stays_outside_until_they_are_invited_anew(
    here: Site, provider: Provider
) -> None:
    email = await here.person()
    account = await provider.account(email)
    page = await here.page(email=None)
    await come(page, account)
    await expect(page).to_have_url(f"{here.url}/programs")
    await delete_user(here.api.context, admin(here), await here.user_id(email))
    page = await here.page(email=None)
    await come(page, account)
    await refused(page, "nobody was invited", here)
    await invite_user(here.api.context, None, Invitation(email=email))
    await page.get_by_role("link", name=BUTTON).click()
    await expect(page).to_have_url(f"{here.url}/programs")


async def test_who_cancels_there_is_told_so(here: Site, provider: Provider) -> None:
    page = await here.page(email=None)
    await begin(page)
    await page.get_by_role("button", name="Cancel").click()
    await refused(page, "it was cancelled there", here)


async def test_a_callback_counts_once(here: Site, provider: Provider) -> None:
    page = await here.page(email=None)
    address = await captured(page.request, await provider.account(await here.person()))
    [cookie] = [c for c in await page.context.cookies() if c.get("name") == START_COOKIE]
    await page.goto(address)
    await expect(page).to_have_url(f"{here.url}/programs")
    again = await here.page(email=None)
    await again.context.add_cookies(
        [{"name": START_COOKIE, "value": str(cookie.get("value")), "url": here.url}]
    )
    await again.goto(address)
    await refused(again, "was used before", here)


async def test_a_callback_counts_in_the_browser_that_began_only(
    here: Site, provider: Provider
) -> None:
    page, other = await here.page(email=None), await here.page(email=None)
    address = await captured(page.request, await provider.account(await here.person()))
    await other.goto(address)
    await refused(other, "began elsewhere", here)
    await begin(other)  # it has a cookie of its own now
    await other.goto(address)
    await refused(other, "began elsewhere", here)
    await page.goto(address)
    await expect(page).to_have_url(f"{here.url}/programs")


async def test_a_callback_that_comes_too_late_is_refused(here: Site, provider: Provider) -> None:
    page = await here.page(email=None)
    address = await captured(page.request, await provider.account(await here.person()))
    here.api.clock.now += timedelta(minutes=10)
    await page.goto(address)
    await refused(page, "more than ten minutes", here)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("state=", "state=x"), "began elsewhere"),
        (("state=", "other="), "began elsewhere"),
        (("code=", "code=x"), "it refused, as 'invalid_grant'"),
        (("code=", "other="), "it let nobody in"),
        (("code=", "error=server_error&other="), "it let nobody in"),
        (("iss=", "iss=https://evil.test/"), "from another provider"),
        (("iss=", "other="), "not what the standard asks for"),
    ],
)
async def test_a_callback_that_was_changed_is_refused(
    here: Site, provider: Provider, change: tuple[str, str], text: str
) -> None:
    page = await here.page(email=None)
    address = await captured(page.request, await provider.account(await here.person()))
    assert change[0] in address
    await page.goto(address.replace(*change, 1))
    await refused(page, text, here)


@pytest.mark.parametrize(
    ("wishes", "text"),
    [
        ({"claims": {"nonce": "of another sign-in"}}, "nonce"),
        ({"claims": {"nonce": None}}, "nonce"),
        ({"claims": {"aud": "somebody else"}}, "aud"),
        ({"claims": {"aud": ["tallystick", "somebody else"]}}, "azp"),
        ({"claims": {"azp": "somebody else"}}, "azp"),
        ({"claims": {"iss": "https://evil.test"}}, "iss"),
        ({"claims": {"exp": 1_700_000_000}}, "expired token exp"),
        ({"claims": {"exp": None}}, "exp"),
        ({"claims": {"iat": 4_000_000_000}}, "iat"),
        ({"claims": {"iat": None}}, "iat"),
        ({"claims": {"sub": None}}, "sub"),
        ({"claims": {"sub": ""}}, "not what the standard asks for"),
        ({"claims": {"sub": "x" * 256}, "in_token": True}, "not what the standard asks for"),
        ({"claims": {"sub": "somebody else"}}, "not what the standard asks for"),
        ({"claims": {"at_hash": "of another token"}}, "at_hash"),
        ({"signed": "stranger"}, "bad signature"),
        ({"signed": "secret"}, "its ID token is not right"),
        ({"signed": "nobody"}, "its ID token is not right"),
        ({"broken": True}, "it cannot be reached"),
    ],
    ids=str,
)
async def test_an_id_token_that_is_not_right_opens_nothing(
    here: Site, provider: Provider, wishes: dict[str, Any], text: str
) -> None:
    await provider.set(**wishes)
    context = await here.browser.new_context(base_url=here.url)
    here.contexts.append(context)
    address = await captured(context.request, await provider.account(ADMIN))
    answer = await context.request.get(address)
    assert answer.status == 502
    assert text in unescape(await answer.text())
    assert SESSION_COOKIE not in {cookie.get("name") for cookie in await context.cookies()}


async def test_keys_may_change_at_any_time(here: Site, provider: Provider) -> None:
    account = await provider.account(await here.person())
    for keys in (["first"], ["second", "first"], ["third"]):
        await provider.set(keys=keys)
        page = await here.page(email=None)
        await come(page, account)
        await expect(page).to_have_url(f"{here.url}/programs")


async def test_a_second_window_does_not_disturb_the_first(here: Site, provider: Provider) -> None:
    account = await provider.account(await here.person())
    page = await here.page(email=None)
    await begin(page)
    second = await page.context.new_page()
    await begin(second)
    await let_in(page, account)
    await expect(page).to_have_url(f"{here.url}/programs")


async def test_signing_in_never_leads_to_another_site(here: Site, provider: Provider) -> None:
    page = await here.page(email=None)
    await page.goto("/login/openid?next=//evil.test")
    await let_in(page, await provider.account(await here.person()))
    await expect(page).to_have_url(f"{here.url}/programs")


async def test_signing_out_ends_the_session_here_and_not_there(
    here: Site, provider: Provider
) -> None:
    page = await here.page(email=None)
    await come(page, await provider.account(await here.person()))
    await page.get_by_role("button", name="My account").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.goto("/programs")
    await expect(page).to_have_url(f"{here.url}/login?next=/programs")
    await page.get_by_role("link", name=BUTTON).click()  # where nobody is asked again
    await expect(page).to_have_url(f"{here.url}/programs")


async def test_the_cookie_of_the_way_is_out_of_reach_and_gone_in_the_end(
    here: Site, provider: Provider
) -> None:
    page = await here.page(email=None)
    await begin(page)
    [cookie] = [c for c in await page.context.cookies() if c.get("name") == START_COOKIE]
    assert cookie.get("httpOnly")
    assert cookie.get("sameSite") == "Lax"
    await let_in(page, await provider.account(await here.person()))
    await expect(page).to_have_url(f"{here.url}/programs")
    assert START_COOKIE not in {each.get("name") for each in await page.context.cookies()}


async def test_too_many_who_do_not_come_back_are_told_to_wait(
    here: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openid, "STARTS_MAX", 0)
    page = await here.page(email=None)
    await begin(page)
    await refused(page, "wait 600 seconds", here)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_its_pages_are_accessible_and_keep_within_the_screen(
    here: Site, provider: Provider, theme: str
) -> None:
    page = await here.page(ADMIN, color_scheme=theme)
    await _looks(page, "/login", f"openid-sign-in-{theme}")
    answer = await page.goto("/login/openid/callback?state=x")
    assert answer is not None
    await _looks(page, None, f"openid-refused-{theme}")
    here.faults.clear()
    email, user_id = await invited(here)
    other = await here.page(email=None)
    await come(other, await provider.account(email))
    await expect(other).to_have_url(f"{here.url}/programs")
    await _looks(page, f"/account/people/{user_id}", f"openid-person-{theme}")
    await _looks(page, f"/account/people/{user_id}/disconnect", f"openid-disconnect-{theme}")
    await _looks(page, "/account/me", f"openid-me-{theme}")
    await page.get_by_role("button", name="Connect").click()
    await expect(page.get_by_role("link", name="Continue")).to_be_visible()
    await _looks(page, None, f"openid-connect-{theme}")
    await page.goto(f"/account/audit?who=person-{user_id}")
    await page.screenshot(path=SCREENS / f"openid-audit-{theme}.png", full_page=True)


async def _looks(page: Page, path: str | None, name: str) -> None:
    """The page, or the one that is shown already, is as every page is; and a picture of it."""
    if path is not None:
        await page.goto(path)
    await page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
    found = await Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    await page.set_viewport_size({"width": PHONE, "height": 900})
    await page.screenshot(path=SCREENS / f"{name}-phone.png", full_page=True)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE
    await page.set_viewport_size({"width": DESK, "height": 900})


async def test_no_secret_of_a_sign_in_is_stored_or_logged(
    here: Site, provider: Provider, module_owner_url: str
) -> None:
    page = await here.page(email=None)
    with capture_logs() as lines:
        address = await captured(page.request, await provider.account(await here.person()))
        [cookie] = [c for c in await page.context.cookies() if c.get("name") == START_COOKIE]
        brought = dict(parse_qsl(urlsplit(address).query))
        before = await everything_stored(module_owner_url)
        await provider.set(broken=True)
        await page.goto(address)
        await refused(page, "it cannot be reached", here)
        said = await page.content()
        await provider.set(broken=False)
        await begin(page)  # the provider knows the browser by now
        await expect(page).to_have_url(f"{here.url}/programs")
    log, after = str(lines), await everything_stored(module_owner_url)
    assert "the OpenID provider failed" in log
    state = brought["state"]
    for secret in (
        CLIENT_SECRET,
        state,
        brought["code"],
        str(cookie.get("value")),
        *(openid._derived(here.api.context, what, state) for what in ("nonce", "verifier")),
    ):
        assert secret not in log + before + after + said
    assert CLIENT_SECRET not in repr(here.api.context)


async def test_somebody_connects_an_account_whose_address_is_another_and_signs_in_with_it(
    here: Site, provider: Provider
) -> None:
    email = await here.person()
    account = await provider.account("private@example.org", verified=False)
    page = await here.page(email)
    await page.goto("/account/me")
    await page.get_by_role("button", name="Connect").click()
    await page.get_by_role("link", name="Continue").click()
    await let_in(page, account)
    await expect(page).to_have_url(f"{here.url}/account/me")
    await expect(page.get_by_text("The account is connected")).to_be_visible()
    await expect(page.get_by_text(account)).to_be_visible()
    again = await here.page(email=None)
    await come(again, account)
    await again.goto("/account/me")
    await expect(again.get_by_role("main").get_by_text(email, exact=True)).to_be_visible()


async def test_an_account_of_somebody_else_cannot_be_connected(
    here: Site, provider: Provider
) -> None:
    account = await provider.account(await here.person())
    page = await here.page(email=None)
    await come(page, account)
    await expect(page).to_have_url(f"{here.url}/programs")
    other = await here.page(await here.person())
    await other.goto("/account/me")
    await other.get_by_role("button", name="Connect").click()
    await other.get_by_role("link", name="Continue").click()
    await let_in(other, account)
    await expect(other.get_by_text("somebody else")).to_be_visible()
    here.faults.clear()


async def test_connecting_is_for_who_began_it(here: Site, provider: Provider) -> None:
    page = await here.page(await here.person())
    await page.goto("/account/me")
    await page.get_by_role("button", name="Connect").click()
    token = await here.token(await here.person())
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": here.url}])
    await page.get_by_role("link", name="Continue").click()
    await let_in(page, await provider.account(None))
    await expect(page.get_by_role("alert")).to_contain_text("sign in and begin again")
    here.faults.clear()


async def test_connecting_is_begun_by_a_form_of_ours_only(here: Site) -> None:
    page = await here.page()
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}
    answer = await page.request.post("/account/me/openid", headers=cross)
    assert answer.status == 403
    assert (await page.request.get("/account/me/openid")).status == 405


async def test_who_disconnects_keeps_this_session_only(here: Site, provider: Provider) -> None:
    email = await here.person()
    account = await provider.account(email)
    other = await here.page(email=None)
    await come(other, account)
    await expect(other).to_have_url(f"{here.url}/programs")
    page = await here.page(email)
    await page.goto("/account/me")
    await page.get_by_role("link", name="Disconnect").click()
    await page.get_by_role("button", name="Disconnect").click()
    await expect(page.get_by_text("The account is disconnected")).to_be_visible()
    await expect(page.get_by_role("button", name="Connect")).to_be_visible()
    await other.goto("/programs")
    await expect(other).to_have_url(f"{here.url}/login?next=/programs")


async def test_nobody_disconnects_their_only_way_in(here: Site, provider: Provider) -> None:
    email, _ = await invited(here)
    page = await here.page(email=None)
    await come(page, await provider.account(email))
    await page.goto("/account/me/openid/disconnect")
    await page.get_by_role("button", name="Disconnect").click()
    await expect(page.get_by_role("alert")).to_contain_text("set a password first")
    here.faults.clear()


async def test_an_admin_disconnects_somebody_and_it_is_written_down(
    here: Site, provider: Provider
) -> None:
    email, user_id = await invited(here)
    account = await provider.account(email)
    theirs = await here.page(email=None)
    await come(theirs, account)
    await expect(theirs).to_have_url(f"{here.url}/programs")
    page = await here.page(ADMIN)
    await page.goto(f"/account/people/{user_id}")
    await expect(page.get_by_text(account)).to_be_visible()
    await page.get_by_role("link", name="Disconnect").click()
    await page.get_by_role("button", name="Disconnect").click()
    await expect(page.get_by_text("Not used yet")).to_be_visible()
    path = f"/v1/users/{user_id}/identities"
    found = await list_audit(here.api.context, AuditFilter(entity=path))
    assert found.entries[0].change.user_id == here.admin_id
    assert account in (found.entries[0].change.old or "")
    await theirs.goto("/programs")
    await expect(theirs).to_have_url(f"{here.url}/login?next=/programs")


async def test_a_link_that_is_passed_on_begins_with_the_public_address(here: Site) -> None:
    page = await here.page(email=None, base_url=here.url.replace("127.0.0.1", "localhost"))
    await page.goto("/login")
    await page.get_by_label("E-mail").fill(ADMIN)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.goto("/account/people/new")
    await page.get_by_label("E-mail").fill(f"{new_name('guest').replace(' ', '')}@example.com")
    await page.get_by_role("main").locator("button.primary").click()
    await expect(page.locator("#once")).to_contain_text(f"{here.url}/invite/")


async def test_a_provider_that_is_down_is_told_and_a_password_still_opens(
    database_url: str, browser: Browser
) -> None:
    async with (
        running_provider() as provider,
        running_site(database_url, browser, openid=provider.known_to) as site,
    ):
        page = await site.page(email=None)
        await begin(page)
        await expect(page.get_by_label("Account")).to_be_visible()
        await provider.stop()
        await page.goto("/login?next=/account/me")
        await page.get_by_role("link", name=BUTTON).click()
        await refused(page, "it cannot be reached", site)
        await page.get_by_label("E-mail").fill(ADMIN)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).to_have_url(f"{site.url}/account/me")
        await page.context.close()
