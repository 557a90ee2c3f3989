"""The list of members: found while one types, by what they have, and page by page."""

import pytest
from playwright.async_api import Page, expect

from api.harness import in_path
from services.harness import import_rows
from tallystick.core.programs import Program
from web.harness import Site

STRANGE = [
    "a/b?c=d#e&f",
    '<b>"bold"</b>',
    "\u202bשלם",
    "🎈 party 🎈",
    "50% of 'all'",
    "x" * 250,
    "new",
]


@pytest.fixture(scope="module")
async def program(module_site: Site) -> Program:
    """A program with sixty members, one of whom has points that are pending."""
    program = await module_site.api.program(name="Many members")
    rows = [f"m{n:02},{n + 1},immediate" for n in range(59)]
    await import_rows(
        module_site.api.context,
        program,
        *rows,
        "waiting,5,on_action",
        header="customerprofileid,amount,startdate",
    )
    return program


async def _open(site: Site, program: Program, query: str = "") -> Page:
    page = await site.page()
    await page.goto(f"/programs/{program.id}/members{query}")
    return page


async def test_typing_finds_members_by_the_beginning_of_their_ids(
    site: Site, program: Program
) -> None:
    page = await _open(site, program)
    await page.get_by_role("searchbox", name="ID begins with").fill("m1")
    await expect(page.get_by_text("10 members")).to_be_visible()
    await expect(page.get_by_role("link", name="m10", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="m20", exact=True)).to_have_count(0)
    await expect(page).to_have_url(f"{site.url}/programs/{program.id}/members?q=m1")


async def test_a_chip_keeps_those_who_have_such_points_and_what_was_typed(
    site: Site, program: Program
) -> None:
    page = await _open(site, program, "?q=w")
    await page.get_by_role("link", name="With pending points").click()
    await expect(page.get_by_text("1 member", exact=True)).to_be_visible()
    await expect(page.get_by_role("row", name="waiting")).to_contain_text("5")
    await page.get_by_role("link", name="With active points").click()
    await expect(page.get_by_role("heading", name="No members like this")).to_be_visible()
    await expect(page.get_by_text("No ID begins with “w” in “With active points”.")).to_be_visible()
    await page.get_by_role("link", name="Clear filters").click()
    await expect(page.get_by_text("60 members")).to_be_visible()


async def test_fifty_are_on_a_page_and_the_rest_on_the_next(site: Site, program: Program) -> None:
    page = await _open(site, program)
    links = page.locator("tbody td:first-child a")
    await expect(links).to_have_count(50)
    await page.get_by_role("link", name="Next").click()
    await expect(links).to_have_count(10)
    await expect(links.last).to_have_text("waiting")
    await page.get_by_role("link", name="Previous").click()
    await expect(links).to_have_count(50)
    await expect(links.first).to_have_text("m00")


async def test_the_order_can_be_turned_round(site: Site, program: Program) -> None:
    page = await _open(site, program)
    await page.get_by_role("columnheader", name="ID").get_by_role("link").click()
    await expect(page.locator("tbody td:first-child a").first).to_have_text("waiting")
    await expect(page.get_by_role("columnheader", name="ID")).to_have_attribute(
        "aria-sort", "descending"
    )


async def test_a_program_without_members_says_how_they_come(site: Site) -> None:
    empty = await site.api.program(name="Nobody yet")
    page = await _open(site, empty)
    await expect(page.get_by_role("heading", name="No members yet")).to_be_visible()
    await page.get_by_role("link", name="Add points").last.click()
    await expect(page.get_by_label("Member ID")).to_be_visible()


async def test_what_is_no_line_of_text_is_refused(site: Site, program: Program) -> None:
    page = await site.page()
    answer = await page.request.get(f"/programs/{program.id}/members?q=a%00b")
    assert answer.status == 400


@pytest.mark.parametrize("name", STRANGE, ids=range(len(STRANGE)))
async def test_whatever_an_id_holds_is_shown_as_text_and_opens_the_member(
    site: Site, name: str
) -> None:
    program = await site.api.program(name=f"Strange {STRANGE.index(name)}")
    member = await site.api.member(program, name="plain")
    answer = await site.api.shop.put(
        f"/v2/customer_profiles/{in_path(name)}", json={"attributes": {"Name": name}}
    )
    assert answer.is_success
    added = await site.api.manager.put(
        f"{member.path.rpartition('/')[0]}/{in_path(name)}/add_points",
        json={"points": 12, "name": name},
    )
    assert added.is_success
    page = await _open(site, program)
    await page.locator("tbody a").filter(has_text=name).click()
    await expect(page.locator(".kv .name")).to_have_text(name)
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    await expect(page.get_by_role("region", name="List of transactions")).to_contain_text(name)
    for width in (390, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
