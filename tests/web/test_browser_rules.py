"""What browsers are told and allowed on every page: policy, cookies, forms, the way out."""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
from playwright.async_api import Page as BrowserPage
from playwright.async_api import expect
from starlette.routing import Route

from api.harness import PASSWORD, exact
from tallystick.web.app import page_routes
from tallystick.web.cookies import NOTE_COOKIE, SESSION_COOKIE
from tallystick.web.pages import Page
from tallystick.web.routes import PAGES
from web.harness import ADMIN, Site
from web.world import World, make_world

SHOWN = [page for page in PAGES if page.show and not page.is_file]
POLICY = {
    "default-src": "'none'",
    "object-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "base-uri": "'none'",
}
ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://shop.tallystick.test"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Referer": "https://evil.test/"},
    {},
]


@pytest.fixture(scope="module")
async def world(module_site: Site) -> World:
    """A program with something on every page."""
    return await make_world(module_site.api)


@pytest.fixture
async def admin(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client that looks at pages as an admin, over plain HTTP."""
    cookies = {SESSION_COOKIE: await site.token(ADMIN)}
    async with client_of(site, site.url, cookies) as client:
        yield client


def client_of(site: Site, url: str, cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
    """A client of pages at that address."""
    transport = httpx.ASGITransport(site.api.app)
    return httpx.AsyncClient(
        transport=transport, base_url=url, cookies=cookies, follow_redirects=True
    )


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
async def test_a_page_carries_its_policy_and_is_kept_by_nobody(
    site: Site, world: World, admin: httpx.AsyncClient, page: Page
) -> None:
    answer = await admin.get(world.address_of(page))
    assert answer.status_code == HTTPStatus.OK
    directives = answer.headers["Content-Security-Policy"].split("; ")
    assert dict(each.split(" ", 1) for each in directives) == POLICY
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
async def test_every_form_that_comes_from_elsewhere_is_refused(
    site: Site, world: World, admin: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    forms = {world.address_of(page) for page in PAGES if page.do}
    forms |= {"/login", "/logout", "/setup", "/invite/a-token"}
    for path in sorted(forms):
        answer = await admin.post(path, headers=headers, data={"name": "x"})
        assert answer.status_code == HTTPStatus.FORBIDDEN, path
    assert (await admin.get("/programs")).status_code == HTTPStatus.OK


async def test_looking_at_pages_changes_nothing(
    site: Site, world: World, admin: httpx.AsyncClient
) -> None:
    async def changes() -> list[str]:
        async with site.api.context.database.reader() as reader:
            sql = "SELECT entity FROM change WHERE entity NOT LIKE '%export%' ORDER BY change_id"
            return [row[0] for row in await reader.fetch(sql)]

    before = await changes()
    for page in SHOWN:
        assert (await admin.get(world.address_of(page))).status_code == HTTPStatus.OK
    assert await changes() == before


def test_pages_take_the_methods_of_their_table_and_no_others() -> None:
    methods = [route.methods for route in page_routes() if isinstance(route, Route)]
    assert set().union(*(each or set() for each in methods)) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
async def test_a_page_offers_to_sign_out(
    site: Site, world: World, admin: httpx.AsyncClient, page: Page
) -> None:
    answer = await admin.get(world.address_of(page))
    [form] = re.findall(r'<form[^>]*action="/logout"[^>]*>.*?</form>', answer.text, re.DOTALL)
    assert 'method="post"' in form
    assert "Sign out" in form


async def test_behind_tls_cookies_belong_to_this_host_alone(site: Site) -> None:
    origin = "https://tallystick.test"
    form = {"email": await site.person(), "password": PASSWORD}
    async with client_of(site, origin) as client:
        here = {"Origin": origin}
        answer = await client.post("/login", data=form, headers=here, follow_redirects=False)
        session = answer.headers["Set-Cookie"]
        answer = await client.post("/account/me/sessions/end", headers=here, follow_redirects=False)
        [note] = [each for each in answer.headers.get_list("Set-Cookie") if "note" in each]
    for cookie, name in ((session, SESSION_COOKIE), (note, NOTE_COOKIE)):
        first, *attributes = cookie.split("; ")
        assert first.startswith(f"__Host-{name}=")
        assert {"HttpOnly", "Path=/", "Secure", "SameSite=lax"} <= set(attributes)
        assert not any(each.lower().startswith("domain") for each in attributes)


async def test_a_token_is_in_no_page(site: Site, world: World, admin: httpx.AsyncClient) -> None:
    token = await site.token(ADMIN)
    for page in SHOWN:
        assert token not in (await admin.get(world.address_of(page))).text, page.name


async def test_a_session_before_signing_in_is_not_the_one_after(site: Site) -> None:
    page = await site.page(email=None)
    planted = "planted-by-somebody-else"
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": planted, "url": site.url}])
    await page.goto("/login")
    await sign_in(page)
    [cookie] = [c for c in await page.context.cookies() if c.get("name") == SESSION_COOKIE]
    assert cookie.get("value") != planted
    assert len(cookie.get("value", "")) == 43


async def test_signing_in_again_ends_the_session_before(site: Site) -> None:
    here, form = {"Origin": site.url}, {"email": await site.person(), "password": PASSWORD}
    async with client_of(site, site.url) as client:
        await client.post("/login", data=form, headers=here)
        before = client.cookies[SESSION_COOKIE]
        await client.post("/login", data=form, headers=here)
        assert client.cookies[SESSION_COOKIE] != before
        assert (await client.get("/programs", follow_redirects=False)).status_code == HTTPStatus.OK
    async with client_of(site, site.url, {SESSION_COOKIE: before}) as client:
        answer = await client.get("/programs", follow_redirects=False)
    assert answer.status_code == HTTPStatus.SEE_OTHER


async def test_nothing_is_left_in_the_browser_after_signing_out(site: Site, world: World) -> None:
    page = await site.page(email=None)
    await page.goto("/login?next=" + world.address_of(SHOWN[0]))
    await sign_in(page)
    await page.goto(f"/programs/{world.program.id}/members")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.get_by_role("button", name="My account").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(f"{site.url}/login")
    kept = await page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, document.cookie,"
        " (await indexedDB.databases()).length, (await caches.keys()).length]"
    )
    assert kept == [0, 0, "", 0, 0]
    assert await page.context.cookies() == []
    await page.go_back()
    await expect(page).to_have_url(re.compile(r"/login"))
    await expect(page.get_by_text("cust_8F2K19")).to_have_count(0)


async def test_passwords_are_masked_and_can_be_pasted_and_filled_in(site: Site) -> None:
    people = "/v1/invitations"
    page = await site.page()
    await page.goto("/account/me/password")
    await check_password_field(page, "Present password", "current-password")
    await check_password_field(page, "New password", "new-password")
    page = await site.page(email=None)
    await page.goto("/login")
    await check_password_field(page, "Password", "current-password")
    await expect(page.get_by_label("E-mail")).to_have_attribute("autocomplete", "username")
    boss = await site.api.sign_in(ADMIN)
    invited = exact(await boss.post(people, json={"email": "new@example.com"}))
    await page.goto(f"/invite/{invited['token']}")
    await check_password_field(page, "New password", "new-password")


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config",
        "/.env",
        "/static/",
        "/static/vendor/",
        "/static/vendor/manifest.json",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/app.js",
        "/static",
        "/src/tallystick/config.py",
        "/data/secret-key",
    ],
)
async def test_nothing_but_the_listed_files_is_served(site: Site, path: str) -> None:
    async with client_of(site, site.url) as client:
        answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert "There is no such page" in answer.text


async def sign_in(page: BrowserPage) -> None:
    """Sign in as the admin, by the form that is shown."""
    await page.get_by_label("E-mail").fill(ADMIN)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(lambda url: "/login" not in url)


async def check_password_field(page: BrowserPage, label: str, autocomplete: str) -> None:
    """The field hides what is in it, tells helpers what it is, and takes what is pasted whole."""
    field = page.get_by_label(label, exact=True)
    await expect(field).to_have_attribute("type", "password")
    await expect(field).to_have_attribute("autocomplete", autocomplete)
    long = "pasted from elsewhere " * 45
    await field.focus()
    taken = await field.evaluate(
        "(field, text) => { const data = new DataTransfer(); data.setData('text/plain', text);"
        " return field.dispatchEvent(new ClipboardEvent('paste',"
        " {clipboardData: data, bubbles: true, cancelable: true})); }",
        long,
    )
    assert taken, "a script stops what is pasted"
    await page.keyboard.insert_text(long)
    await expect(field).to_have_value(long)
