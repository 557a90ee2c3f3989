"""Finding: by keyboard from every page, by a page of its own, and never what is not one's own."""

import pytest
from playwright.async_api import Locator, Page, expect

from api.harness import exact
from services.harness import import_rows
from tallystick.core.programs import Program
from web.harness import Site


@pytest.fixture
async def program(site: Site) -> Program:
    """A program with a few members."""
    program = await site.api.program(title="Harbour Club")
    names = (f"{program.id}-{name}" for name in ("maya,100", "mayra,5", "<b>tom</b>/.,1"))
    await import_rows(site.api.context, program, *names)
    return program


async def opened(page: Page, program: Program, key: str = "Control+k") -> Locator:
    """The dialog, on a page of the program."""
    await page.goto(f"/programs/{program.id}/exports")
    await page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name="Find")
    await expect(dialog.get_by_role("combobox")).to_be_focused()
    return dialog


@pytest.fixture
async def page(site: Site) -> Page:
    """A page of an admin."""
    return await site.page()


async def test_a_member_is_found_by_the_beginning_of_the_id_and_chosen_by_keyboard(
    site: Site, program: Program, page: Page
) -> None:
    dialog = await opened(page, program)
    await page.keyboard.type(f"{program.id}-may")
    await expect(dialog.get_by_role("option")).to_have_count(2)
    chosen = dialog.get_by_role("option", selected=True)
    await expect(chosen).to_contain_text("maya")
    await page.keyboard.press("ArrowDown")
    await expect(chosen).to_contain_text("mayra")
    box = dialog.get_by_role("combobox")
    told = await chosen.get_attribute("id")
    await expect(box).to_have_attribute("aria-activedescendant", str(told))
    await page.keyboard.press("ArrowDown")
    await expect(chosen).to_contain_text("maya")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site.url}/programs/{program.id}/members/{program.id}-mayra")
    site.faults.clear()


async def test_a_slash_opens_it_but_not_in_a_field(program: Program, page: Page) -> None:
    dialog = await opened(page, program, "/")
    await page.keyboard.press("Escape")
    await expect(dialog).not_to_be_visible()
    await page.goto(f"/programs/{program.id}/exports/new?kind=transactions")
    await page.get_by_label("Member ID").press("/")
    await expect(page.get_by_label("Member ID")).to_have_value("/")
    await expect(dialog).not_to_be_visible()


async def test_a_page_is_found_by_its_name(site: Site, program: Program, page: Page) -> None:
    dialog = await opened(page, program)
    await expect(dialog.get_by_role("option", name="Imports")).to_be_visible()
    await page.keyboard.type("expor")
    await expect(dialog.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site.url}/programs/{program.id}/exports")


async def test_what_is_nowhere_is_said(program: Program, page: Page) -> None:
    dialog = await opened(page, program)
    await page.keyboard.type("zzz")
    await expect(dialog.get_by_text("Nothing found")).to_be_visible()
    await expect(dialog.get_by_role("option")).to_have_count(0)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_visible()


async def test_a_transaction_is_found_by_its_number(site: Site, program: Program) -> None:
    path = f"/v1/loyalty_programs/{program.id}/profile/{program.id}-maya/transactions"
    [transaction] = exact(await site.api.shop.get(path))["data"]
    page = await site.page(java_script_enabled=False)
    await page.goto(f"/find?q={transaction['id']}")
    await expect(page.get_by_role("link", name=f"Transaction {transaction['id']}")).to_be_visible()


async def test_names_are_shown_as_text_and_lead_where_they_say(
    program: Program, page: Page
) -> None:
    await page.goto(f"/find?q={program.id}-%3Cb&program={program.id}")
    link = page.get_by_role("link", name=f"{program.id}-<b>tom</b>/.")
    path = f"/programs/{program.id}/members/{program.id}-%3Cb%3Etom%3C%2Fb%3E%2F."
    await expect(link).to_have_attribute("href", path)


async def test_nothing_is_found_of_programs_that_are_not_ones_own(
    site: Site, program: Program
) -> None:
    page = await site.page(await site.person())
    await page.goto(f"/find?q={program.id}-may")
    await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    answer = await page.request.get(f"/find?q=may&program={program.id}")
    assert answer.status == 404
