"""Each role on each page of the table: it sees it, or is told that it may not, by one table."""

from dataclasses import MISSING, fields
from http import HTTPStatus

import httpx
import pytest
from playwright.async_api import expect

from attacks.counting import ROLES, answered
from services.harness import give_role
from tallystick.core.roles import EVERYBODYS, PROGRAM_ROLES, RIGHTS, Right, Role
from tallystick.web.cookies import SESSION_COOKIE
from tallystick.web.pages import Page
from tallystick.web.right_words import EXPLAINED
from tallystick.web.routes import PAGES
from web.harness import ADMIN, Site
from web.world import World, make_world

NOBODY = "nobody"  # who can sign in and has no role
WHO = [*(role.value for role in Role), NOBODY]
ABOUT_ALL = {
    "People": Right.PEOPLE,
    "Roles": Right.OWN_ACCOUNT,
    "API keys": Right.KEYS,
    "Audit log": Right.AUDIT,
}


@pytest.fixture(scope="module")
async def world(module_site: Site) -> World:
    """A program with something on every page."""
    return await make_world(module_site.api)


@pytest.fixture(scope="module")
async def emails(module_site: Site, world: World) -> dict[str, str]:
    """Somebody of each role in the program, and somebody of none, by the word of the role."""
    found = {Role.ADMIN.value: ADMIN, NOBODY: await module_site.person()}
    for role in PROGRAM_ROLES:
        found[role.value] = await module_site.person()
        user_id = await module_site.user_id(found[role.value])
        await give_role(module_site.api.context, user_id, world.program, role)
    return found


def _rights(who: str) -> frozenset[Right]:
    return EVERYBODYS if who == NOBODY else RIGHTS[Role(who)]


def _wanted(page: Page, who: str) -> HTTPStatus | None:
    """The status of a page that somebody may not see; None if they may."""
    if page.right in _rights(who):
        return None
    hidden = "program" in page.parameters and Right.SEE not in _rights(who)
    return HTTPStatus.NOT_FOUND if hidden else HTTPStatus.FORBIDDEN


async def _client(site: Site, email: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(site.api.app),
        base_url=site.url,
        cookies={SESSION_COOKIE: await site.token(email)},
        headers={"Origin": site.url},  # or a form is taken for one of another site
    )


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("page", [p for p in PAGES if p.show], ids=lambda page: page.name)
async def test_a_page_is_shown_to_the_roles_that_have_its_right_and_to_no_others(
    site: Site, world: World, emails: dict[str, str], page: Page, who: str
) -> None:
    async with await _client(site, emails[who]) as client:
        answer = answered(ROLES, await client.get(world.address_of(page)))
    wanted = _wanted(page, who)
    assert answer.status_code == wanted if wanted else answer.status_code < HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("page", [p for p in PAGES if p.do], ids=lambda page: page.name)
async def test_a_form_of_a_page_is_refused_to_the_roles_that_lack_its_right(
    site: Site, world: World, emails: dict[str, str], page: Page, who: str
) -> None:
    wanted = _wanted(page, who)
    if wanted is None:
        return
    async with await _client(site, emails[who]) as client:
        answer = answered(ROLES, await client.post(world.address_of(page), data={"name": "x"}))
    assert answer.status_code == wanted


def test_a_page_cannot_be_made_without_a_right() -> None:
    [right] = [field for field in fields(Page) if field.name == "right"]
    assert right.default is MISSING
    assert right.default_factory is MISSING


@pytest.mark.parametrize("who", WHO)
async def test_the_menu_shows_what_one_may_open_and_nothing_else(
    site: Site, emails: dict[str, str], who: str
) -> None:
    page = await site.page(emails[who])
    await page.goto("/account/me")
    menu = page.get_by_role("navigation", name="Main")
    shown = await menu.get_by_role("link").all_inner_texts()
    wanted = [label for label, right in ABOUT_ALL.items() if right in _rights(who)]
    assert shown == ["Programs", *wanted]


async def test_the_matrix_says_what_the_table_in_the_code_says(
    site: Site, emails: dict[str, str]
) -> None:
    page = await site.page(emails[NOBODY])
    await page.goto("/account/roles")
    for right in Right:
        title = f"{right.value[0].upper()}{right.value[1:]}"
        row = page.get_by_role("row").filter(has=page.get_by_text(title, exact=True))
        cells = await row.get_by_role("cell").all_inner_texts()
        assert [text != "No" for text in cells] == [right in RIGHTS[role] for role in Role]
        await expect(row).to_contain_text(EXPLAINED[right])
