"""The undo of imports by page: what it says first, what it does, and that it is done once."""

import re
from decimal import Decimal

import pytest
from playwright.async_api import Page, expect

from api.harness import Member
from tallystick.core.programs import Program, ReturnPolicy
from web.harness import Site
from web.import_files import csv, import_file, send, told


@pytest.fixture
async def program(site: Site) -> Program:
    """A program of the test's own whose members may owe points."""
    return await site.api.program(return_policy=ReturnPolicy.UNLIMITED)


async def spent(site: Site, program: Program, points: int = 30) -> tuple[Member, str]:
    """A member who spent some of the 100 points of an import, and the address of its undo."""
    import_id = await import_file(site.api, program, csv(["ann,100", "bob,50"]))
    member = Member(api=site.api, program=program, name="ann")
    assert (await member.deduct(points)).is_success
    return member, f"/programs/{program.id}/imports/{import_id}/undo"


async def balance(member: Member) -> tuple[Decimal | int, Decimal | int]:
    """What is active and what is owed."""
    found = await member.balance()
    return found.get("active", 0), found.get("negative", 0)


async def undo(page: Page, address: str) -> None:
    """Open the undo and confirm it."""
    await page.goto(address)
    await page.get_by_role("button", name="Undo import").click()
    await expect(page.locator(".note").first).to_contain_text("This import was undone")


async def test_an_undo_says_first_what_it_will_do(site: Site, program: Program) -> None:
    _, address = await spent(site, program)
    page = await site.page()
    await page.goto(address)
    told = page.get_by_role("region", name="What it will do")
    await expect(told.get_by_role("listitem").filter(has_text="Taken back")).to_contain_text(
        "\N{MINUS SIGN}120"
    )
    await expect(told.get_by_role("listitem").filter(has_text="Already spent")).to_contain_text(
        "30"
    )
    await expect(told.get_by_role("listitem").filter(has_text="Members")).to_contain_text("2")
    await expect(told).to_contain_text("1 balance would go below zero, by 30 in total")


async def test_an_undo_leaves_spent_points_alone(site: Site, program: Program) -> None:
    member, address = await spent(site, program)
    page = await site.page()
    await undo(page, address)
    await expect(page.locator(".note").first).to_contain_text("120 points were taken back")
    assert await balance(member) == (0, 0)
    assert await balance(Member(api=site.api, program=program, name="bob")) == (0, 0)


async def test_an_undo_can_take_spent_points_too(site: Site, program: Program) -> None:
    member, address = await spent(site, program)
    page = await site.page()
    await page.goto(address)
    await page.get_by_label("Also take back spent points").check()
    await page.get_by_role("button", name="Undo import").click()
    await expect(page.get_by_text("spent points too")).to_be_visible()
    assert await balance(member) == (0, 30)


async def test_where_nobody_may_owe_there_is_no_such_choice(site: Site) -> None:
    _, address = await spent(site, await site.api.program())
    page = await site.page()
    await page.goto(address)
    await expect(page.get_by_text("return policy keeps members from owing")).to_be_visible()
    await expect(page.get_by_role("checkbox")).to_have_count(0)


async def test_balances_are_as_before_and_the_history_tells(site: Site, program: Program) -> None:
    member = await site.api.member(program, points="7")
    import_id = await import_file(site.api, program, csv([f'"{member.name}",100']))
    page = await site.page()
    await undo(page, f"/programs/{program.id}/imports/{import_id}/undo")
    assert await balance(member) == (7, 0)
    await page.get_by_role("link", name="Imports", exact=True).first.click()
    row = page.get_by_role("row").filter(has_text=f"#{import_id}")
    await expect(row).to_contain_text("Undone Jun 15")
    await expect(row).to_contain_text("+100 \N{MINUS SIGN}100")
    await expect(row.get_by_role("link", name="Undo")).to_have_count(0)


async def test_keeping_the_import_changes_nothing(site: Site, program: Program) -> None:
    member, address = await spent(site, program)
    page = await site.page()
    await page.goto(address)
    await page.get_by_role("link", name="Keep import").click()
    await expect(page).to_have_url(re.compile(r"/imports/\d+$"))
    assert await balance(member) == (70, 0)


async def test_an_import_is_undone_once(site: Site, program: Program) -> None:
    member, address = await spent(site, program)
    first, second = await site.page(), await site.page()
    await second.goto(address)
    await undo(first, address)
    await second.get_by_role("button", name="Undo import").click()
    await expect(second.get_by_role("alert")).to_contain_text("has been undone already")
    assert await balance(member) == (0, 0)
    await second.goto(address)
    await expect(second.get_by_text("an import is undone once")).to_be_visible()
    await expect(second.get_by_role("button", name="Undo import")).to_have_count(0)
    site.faults.clear()  # a browser complains about the status 409


async def test_what_was_not_imported_has_no_undo(site: Site, program: Program) -> None:
    import_id = await send(site.api, program, csv(["ann,5"]))
    page = await site.page()
    await page.goto(f"/programs/{program.id}/imports/{import_id}/undo")
    await expect(page).to_have_url(re.compile(f"/imports/{import_id}$"))
    assert (await told(site.api, program, import_id))["state"] == "checked"


async def test_an_undo_works_without_scripts(site: Site, program: Program) -> None:
    member, address = await spent(site, program)
    await undo(await site.page(java_script_enabled=False), address)
    assert await balance(member) == (0, 0)
