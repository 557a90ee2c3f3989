"""Tallystick as a browser sees it: a server on loopback, and pages that tell what went wrong.

The clock stands at NOW until a test moves it; the API of `api` is the same application, so that a
test can compare what a page shows with what the API says.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import uvicorn
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from api.harness import PASSWORD, Api, running_api
from services.harness import new_name
from tallystick.core.ids import UserId
from tallystick.core.sessions import SessionKind
from tallystick.services.accounts import create_user
from tallystick.services.context import Limits
from tallystick.services.openid_provider import OpenIdProvider
from tallystick.services.sessions import sign_in
from tallystick.services.users import find_user_id
from tallystick.web.cookies import SESSION_COOKIE

ADMIN = "ada@example.com"
PHONE = 390
DESK = 1440


@dataclass(frozen=True, kw_only=True)
class Site:
    """The running server, and the browser to look at it.

    tokens: of those who have signed in, by address and instant, as signing in is slow on purpose.
    faults: what pages complained about: errors of scripts, messages of the console, what the policy
    stopped. A test that expects some takes them out.
    """

    api: Api
    url: str
    browser: Browser
    admin_id: UserId
    tokens: dict[tuple[str, datetime], str] = field(default_factory=dict)
    contexts: list[BrowserContext] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def page(self, email: str | None = ADMIN, **options: Any) -> Page:
        """A page of a fresh browser, of somebody who has signed in; None for nobody.

        options: of the browser, like color_scheme="dark" or java_script_enabled=False.
        """
        options = {
            "base_url": self.url,
            "viewport": {"width": DESK, "height": 900},
            "reduced_motion": "reduce",
            **options,
        }
        browser = await self.browser.new_context(**options)
        self.contexts.append(browser)
        if email is not None:
            token = await self.token(email)
            await browser.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": self.url}])
        page = await browser.new_page()
        _watch(page, self.faults)
        return page

    async def token(self, email: str) -> str:
        """The token of a session of somebody."""
        key = email, self.api.clock.now
        if key not in self.tokens:
            for other in [each for each in self.tokens if each[1] != key[1]]:
                del self.tokens[other]  # a later sign-in clears away what has expired by then
            session = await sign_in(
                self.api.context, email=email, password=PASSWORD, kind=SessionKind.BROWSER
            )
            self.tokens[key] = session.token
        return self.tokens[key]

    async def person(self, *, is_admin: bool = False) -> str:
        """The address of somebody new who can sign in."""
        email = f"{new_name('person').replace(' ', '')}@example.com"
        await create_user(self.api.context, email=email, password=PASSWORD, is_admin=is_admin)
        return email

    async def user_id(self, email: str) -> UserId:
        """Who has that address."""
        return await find_user_id(self.api.context, None, email)


def _watch(page: Page, faults: list[str]) -> None:
    """Note every error and warning of a page."""

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            faults.append(f"{message.type}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: faults.append(str(error)))


@asynccontextmanager
async def running_site(
    database_url: str,
    browser: Browser,
    *,
    limits: Limits | None = None,
    openid: Callable[[str], Awaitable[OpenIdProvider]] | None = None,
) -> AsyncIterator[Site]:
    """The application on a port of its own, with its first admin.

    openid: makes the provider that people sign in at of the address of the application.
    """
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(new_listener())
        provider = await openid(url_of(listener)) if openid else None
        api = await stack.enter_async_context(
            running_api(database_url, limits=limits, openid=provider)
        )
        admin_id = await create_user(api.context, email=ADMIN, password=PASSWORD, is_admin=True)
        url = await stack.enter_async_context(serving(api, listener))
        yield Site(api=api, url=url, browser=browser, admin_id=admin_id)


@asynccontextmanager
async def serving(api: Api, listener: socket.socket | None = None) -> AsyncIterator[str]:
    """The address at which it is answered until the end; the application runs already."""
    listener = listener or new_listener()
    config = uvicorn.Config(api.app, lifespan="off", log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        yield url_of(listener)
    finally:
        server.should_exit = True
        await task
        listener.close()


def new_listener() -> socket.socket:
    """What listens on a port that is free."""
    return socket.create_server(("127.0.0.1", 0))


def url_of(listener: socket.socket) -> str:
    """The address of what listens there."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
