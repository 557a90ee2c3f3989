"""Other sites get nothing by a visitor's browser: the API knows no cookie and opens to none."""

import re

import httpx
import pytest

from api.harness import PASSWORD, Api
from tallystick.api.routes import OPERATIONS
from tallystick.core.sessions import SessionKind
from tallystick.services.sessions import sign_in
from tallystick.web.cookies import SESSION_COOKIE
from tallystick.web.static_files import static_files, static_url

PATHS = sorted({re.sub(r"\{\w+\}", "1", operation.path) for operation in OPERATIONS})
EVIL = {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}


def browser(api: Api) -> httpx.AsyncClient:
    """A client that takes pages for what they are."""
    transport = httpx.ASGITransport(api.app)
    return httpx.AsyncClient(transport=transport, base_url="http://tallystick.test")


async def test_the_session_of_a_browser_opens_no_operation(api: Api) -> None:
    admin = await api.person(is_admin=True)
    session = await sign_in(
        api.context, email=admin.email, password=PASSWORD, kind=SessionKind.BROWSER
    )
    cookie = {"Cookie": f"{SESSION_COOKIE}={session.token}; token={session.token}"}
    for operation in OPERATIONS:
        if operation.who:
            path = re.sub(r"\{\w+\}", "1", operation.path)
            body = None if operation.method in {"GET", "DELETE"} else b"{}"
            plain = {"Content-Type": "text/plain", **cookie, **EVIL}
            answer = await api.anybody.request(operation.method, path, content=body, headers=plain)
            assert answer.status_code == 401, operation.id


@pytest.mark.parametrize("path", [*PATHS, "/", "/login", "/programs"])
async def test_no_answer_opens_itself_to_another_origin(api: Api, path: str) -> None:
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x"}
    async with browser(api) as client:
        looks = [
            await client.get(path, headers=EVIL),
            await client.options(path, headers=EVIL | asks),
        ]
    assert looks[1].status_code == 405
    for answer in looks:
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("path", [*PATHS, "/", "/login", "/programs"])
async def test_a_request_is_never_sent_back(api: Api, path: str) -> None:
    async with browser(api) as client:
        answer = await client.request("TRACE", path, headers={"X-Secret": "not told"})
    assert answer.status_code == 405
    assert "not told" not in answer.text


async def test_a_method_is_the_one_of_the_request_whatever_a_header_or_parameter_says(
    api: Api,
) -> None:
    program = await api.program()
    path = f"/v1/loyalty_programs/{program.id}"
    headers = dict.fromkeys(
        ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), "DELETE"
    )
    answer = await api.manager.get(path, headers=headers, params={"_method": "DELETE"})
    assert answer.status_code == 200
    answer = await api.manager.post(path, headers=headers, data={"_method": "DELETE"})
    assert answer.status_code == 405
    assert (await api.manager.get(path)).status_code == 200


async def test_text_says_in_which_encoding_it_is(api: Api) -> None:
    static = [static_url(name) for name in static_files()]
    paths = ["/docs", "/docs/style.css", "/login", *static]
    async with browser(api) as client:
        answers = [await client.get(path) for path in paths]
    kinds = {answer.headers["Content-Type"] for answer in answers}
    texts = {kind for kind in kinds if kind.startswith("text/")}
    assert {"text/html; charset=utf-8", "text/css; charset=utf-8"} <= texts
    assert "text/javascript; charset=utf-8" in texts
    assert all(kind.endswith("; charset=utf-8") for kind in texts), kinds
    assert kinds - texts <= {"image/svg+xml; charset=utf-8", "font/woff2"}
