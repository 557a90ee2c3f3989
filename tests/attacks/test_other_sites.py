"""A form that another site has a browser send is refused, on every page that takes one."""

import httpx
import pytest

from api.harness import SITE, Api
from attacks.browsing import browser_of
from attacks.counting import ORIGINS, answered
from attacks.marked import Marked
from tallystick.web import invitation, setup, sign_in
from tallystick.web.cookies import SESSION_COOKIE
from tallystick.web.routes import PAGES

TAKING = [
    *(page.path for page in PAGES if page.do),
    *(
        path
        for module in (sign_in, setup, invitation)
        for path, method, _ in module.ENDPOINTS
        if method == "POST"
    ),
]
FOREIGN: dict[str, dict[str, str]] = {
    "says nothing": {},
    "says so": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"},
    "says so and lies about its origin": {"Sec-Fetch-Site": "cross-site", "Origin": SITE},
    "a sister": {"Sec-Fetch-Site": "same-site", "Origin": "http://shop.tallystick.test"},
    "typed by hand": {"Sec-Fetch-Site": "none"},
    "a word in capitals": {"Sec-Fetch-Site": "SAME-ORIGIN"},
    "two words": {"Sec-Fetch-Site": "same-origin, cross-site"},
    "an empty word": {"Sec-Fetch-Site": "", "Origin": SITE},
    "no origin": {"Origin": "null"},
    "an empty origin": {"Origin": ""},
    "another host": {"Origin": "http://evil.test"},
    "another port": {"Origin": f"{SITE}:8081"},
    "another scheme": {"Origin": SITE.replace("http:", "https:")},
    "no scheme": {"Origin": SITE.removeprefix("http:")},
    "a host that begins like ours": {"Origin": f"{SITE}.evil.test"},
    "a host that ends like ours": {"Origin": "http://eviltallystick.test"},
    "a name before ours": {"Origin": "http://ours@tallystick.test"},
    "ours before a name": {"Origin": "http://tallystick.test@evil.test"},
    "ours in a path": {"Origin": "http://evil.test/tallystick.test"},
    "what is no origin": {"Origin": "http://["},
    "bytes": {"Origin": "\xff\xfe"},
    "a referrer only": {"Referer": f"{SITE}/programs"},
}  # fmt: skip


def foreign_browser(api: Api, admin_token: str, headers: dict[str, str]) -> httpx.AsyncClient:
    """A browser that is signed in, and shows another site."""
    client = browser_of(api.app, admin_token)
    del client.headers["Origin"]
    client.headers.update({k.encode(): v.encode("latin-1") for k, v in headers.items()})
    return client


@pytest.mark.parametrize("what", FOREIGN)
async def test_a_form_of_another_site_is_refused_on_every_page(
    api: Api, admin_token: str, hidden: Marked, what: str
) -> None:
    client = foreign_browser(api, admin_token, FOREIGN[what])
    for path in TAKING:
        address = path.format(**hidden.pages | {"token": "x"})
        answer = answered(ORIGINS, await client.post(address, data={"name": "x"}))
        assert answer.status_code == 403, (path, answer.status_code)
        assert SESSION_COOKIE not in answer.headers.get("Set-Cookie", "")
    assert (await client.get("/programs")).status_code == 200  # they are signed in still


async def test_a_form_of_our_own_is_taken(api: Api, admin_token: str) -> None:
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": SITE}):
        client = foreign_browser(api, admin_token, headers)
        answer = await client.post("/account/me/theme", data={"theme": "dark"})
        assert answer.status_code == 204, answer.text


async def test_the_api_answers_no_other_site(api: Api) -> None:
    """No cookie opens it, so it need not ask where a request comes from; no site is told it may."""
    for origin in ("https://evil.test", "null"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        for method in ("OPTIONS", "GET"):
            answer = await api.manager.request(method, "/v1/loyalty_programs", headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control")]
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
