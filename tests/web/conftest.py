"""One browser for all tests, one server a module, fresh pages for each test."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from services.harness import NOW
from web.chromium import launch
from web.harness import Site, running_site


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
async def module_site(module_database_url: str, browser: Browser) -> AsyncIterator[Site]:
    """The server of a module."""
    async with running_site(module_database_url, browser) as site:
        yield site


@pytest.fixture
async def site(module_site: Site) -> AsyncIterator[Site]:
    """The same with its clock at NOW; no page of the test may have complained about anything."""
    module_site.api.clock.now = NOW
    yield module_site
    for context in module_site.contexts:
        await context.close()
    module_site.contexts.clear()
    faults = list(module_site.faults)
    module_site.faults.clear()
    assert not faults
