"""A real OpenID provider on loopback, and a site whose people can sign in there.

The provider is `oidc-provider`, a process of its own that `node/provider.mjs` starts and that
`bin/setup test` has installed. It is another site than Tallystick: it is `localhost`, we are
127.0.0.1.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from services.harness import new_name
from tallystick.core.openid import CALLBACK, OpenIdSettings
from tallystick.services.openid_provider import OpenIdProvider
from tidy.tree import ROOT

FOLDER = ROOT / ".venv/provider"
CLIENT_ID = "tallystick"
CLIENT_SECRET = "a secret of the provider"
NAME = "Harbour accounts"

AS_IT_SHOULD_BE: dict[str, Any] = {
    "in_token": False,
    "auth_method": "client_secret_basic",
    "claims": {},
    "signed": None,
    "iss": None,
    "broken": False,
}

_SCRIPT = Path(__file__).parent / "node/provider.mjs"


@dataclass(slots=True, kw_only=True)
class Provider:
    """The running provider. people: what it tells of whom, by their subjects."""

    process: asyncio.subprocess.Process
    issuer: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def set(self, **wishes: Any) -> None:
        """Change how it behaves; `node/provider.mjs` tells what there is."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(wishes).encode() + b"\n")
        await self.process.stdin.drain()
        assert await self.heard() == {}

    async def heard(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the provider has ended; its error stands above"
        heard: dict[str, Any] = json.loads(line)
        return heard

    async def account(self, email: str | None, *, verified: bool = True) -> str:
        """The subject of a new account with that address."""
        subject = new_name("subject").replace(" ", "-")
        told = {} if email is None else {"email": email, "email_verified": verified}
        self.people[subject] = told
        await self.set(people=self.people)
        return subject

    async def stop(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()

    def settings(self, url: str) -> OpenIdSettings:
        """What a Tallystick at that address knows of it."""
        return OpenIdSettings(
            issuer=self.issuer,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_uri=f"{url}{CALLBACK}",
            name=NAME,
        )

    async def known_to(self, url: str) -> OpenIdProvider:
        """The same, and it knows that Tallystick as well."""
        settings = self.settings(url)
        await self.set(redirect_uris=[settings.redirect_uri])
        return OpenIdProvider(settings)


@asynccontextmanager
async def running_provider() -> AsyncIterator[Provider]:
    """A provider of its own."""
    assert FOLDER.is_dir(), f"`bin/setup test` installs {FOLDER}"
    process = await asyncio.create_subprocess_exec(
        "node",
        str(_SCRIPT),
        str(FOLDER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    provider = Provider(process=process)
    try:
        provider.issuer = (await provider.heard())["issuer"]
        yield provider
    finally:
        await provider.stop()


async def let_in(page: Page, account: str) -> None:
    """Sign in on the provider's page."""
    await page.get_by_label("Account").fill(account)
    await page.get_by_role("button", name="Let me in").click()
