"""What holds for each page of the table: both themes, wide and narrow, for everybody.

Screenshots of all of them are written to build/screens on each run, to be looked at.
"""

from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from attacks.counting import KEYS, answered
from tallystick.web.routes import PAGES
from web.harness import DESK, PHONE, Site
from web.world import World, make_world

SCREENS = Path("build/screens")
SHOWN = {page.name: page for page in PAGES if page.show and not page.is_file}
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
THEMES: dict[Literal["light", "dark"], dict[str, Any]] = {"light": RULES, "dark": COLOURS}
HEIGHT = 900


@pytest.fixture(scope="module")
async def world(module_site: Site) -> World:
    """A program with something on every page."""
    return await make_world(module_site.api)


@pytest.mark.parametrize("name", sorted(SHOWN))
async def test_a_page_is_accessible_and_keeps_within_the_screen(
    site: Site, world: World, name: str
) -> None:
    page = await site.page()
    answer = await page.goto(world.address_of(SHOWN[name]))
    assert answer is not None
    assert answer.ok, await answer.text()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    for theme, rules in THEMES.items():
        await page.emulate_media(color_scheme=theme)
        await _screenshot(page, f"{name}-{theme}")
        found = await Axe().run(page, options=rules)
        assert found.violations_count == 0, found.generate_report()
        await page.set_viewport_size({"width": PHONE, "height": HEIGHT})
        await _screenshot(page, f"{name}-{theme}-phone")
        await page.set_viewport_size({"width": DESK, "height": HEIGHT})
    for width in (PHONE, 768, DESK):
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", sorted(SHOWN))
async def test_a_page_sends_whoever_has_not_signed_in_to_do_so(
    site: Site, world: World, name: str
) -> None:
    transport = httpx.ASGITransport(site.api.app)
    async with httpx.AsyncClient(transport=transport, base_url=site.url) as client:
        answer = answered(KEYS, await client.get(world.address_of(SHOWN[name])))
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert answer.headers["Location"].startswith("/login?next=")


@pytest.mark.parametrize("name", sorted(SHOWN))
async def test_a_page_shows_its_facts_without_scripts(site: Site, world: World, name: str) -> None:
    page = await site.page(java_script_enabled=False)
    answer = await page.goto(world.address_of(SHOWN[name]))
    assert answer is not None
    assert answer.ok
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def _screenshot(page: Page, name: str) -> None:
    await page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
