"""The transactions of a program, and each with what it took and who took from it."""

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.async_api import Page, expect

from api.harness import Member, exact, program_path
from services.harness import NOW, import_rows
from tallystick.core.programs import Program, ReturnPolicy
from web.harness import Site


@pytest.fixture(scope="module")
async def program(module_site: Site) -> Program:
    """A program with additions and deductions of every source."""
    api = module_site.api
    program = await api.program(allow_subledger=True)
    api.clock.now = NOW - timedelta(days=3)
    await import_rows(api.context, program, *(f"m{n},{n + 1}" for n in range(60)))
    api.clock.now = NOW
    member = Member(api=api, program=program, name="m59")
    assert (await member.deduct(10, name="Order 4711")).is_success
    assert (await member.add(5, name="Miles of July", subledgerId="miles")).is_success
    return program


async def _open(site: Site, program: Program, query: str = "") -> Page:
    page = await site.page()
    await page.goto(f"/programs/{program.id}/transactions{query}")
    return page


async def test_the_newest_come_first_and_older_ones_page_by_page(
    site: Site, program: Program
) -> None:
    page = await _open(site, program)
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(50)
    await expect(rows.first).to_contain_text("Miles of July")
    await page.get_by_role("link", name="Older").click()
    await expect(rows).to_have_count(12)
    await page.get_by_role("link", name="Newer").click()
    await expect(rows).to_have_count(50)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?type=redeemed", 1),
        ("?source=hand", 0),
        ("?source=api", 2),
        ("?q=order+47", 1),
        ("?member=m59", 3),
        ("?subledger=miles", 1),
        ("?from=2026-06-15", 2),
        ("?to=2026-06-12&member=m1", 11),
        ("?import=999", 0),
    ],
)
async def test_the_address_says_which_are_wanted(
    site: Site, program: Program, query: str, count: int
) -> None:
    page = await _open(site, program, query)
    await expect(page.locator("tbody tr")).to_have_count(count)
    await expect(page.get_by_role("link", name="Clear filters").first).to_be_visible()


async def test_typing_finds_transactions_by_their_reason(site: Site, program: Program) -> None:
    page = await _open(site, program)
    await page.get_by_role("searchbox", name="Reason contains").fill("4711")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator("tbody tr")).to_contain_text("Order 4711")
    await expect(page).to_have_url(re.compile("[?&]q=4711"))
    await page.get_by_role("navigation", name="Type").get_by_role("link", name="Earned").click()
    await expect(page.get_by_role("heading", name="No transactions like this")).to_be_visible()


async def test_a_program_without_transactions_says_how_they_come(site: Site) -> None:
    page = await _open(site, await site.api.program())
    await expect(page.get_by_role("heading", name="No transactions yet")).to_be_visible()


async def test_a_transaction_says_who_took_from_it(site: Site, program: Program) -> None:
    page = await _open(site, program, "?member=m59")
    await page.locator("tbody tr").last.get_by_role("link").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("+60 points")
    await expect(page.locator(".facts").first).to_contain_text("points.csv")
    await expect(page.locator(".facts").last).to_contain_text("50")
    await page.locator(".card", has_text="Taken by").get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("\N{MINUS SIGN}10 points")
    await expect(page.locator(".card", has_text="Took from")).to_contain_text("Import #")


async def test_a_debt_says_who_repaid_it(site: Site) -> None:
    program = await site.api.program(return_policy=ReturnPolicy.UNLIMITED)
    member = await site.api.member(program, points="10")
    assert (await member.deduct(25, name="Too much")).is_success
    assert (await member.add(5, name="Back again")).is_success
    page = await _open(site, program)
    await page.locator("tbody tr", has_text="Below zero").get_by_role("link").first.click()
    await expect(page.locator(".facts").last).to_contain_text("Still owed")
    await expect(page.locator(".card", has_text="Repaid by")).to_contain_text("Back again")


async def test_points_that_wait_are_activated_after_a_question(site: Site) -> None:
    program = await site.api.program()
    member = await site.api.member(program)
    added = await member.add(75, pendingDuration="on_action", validityDuration="30D")
    assert added.is_success
    [waiting] = exact(await member.transactions(awaitsActivation=True))["data"]
    page = await site.page()
    await page.goto(f"/programs/{program.id}/transactions/{waiting['id']}")
    await page.get_by_role("link", name="Activate now").click()
    dialog = page.get_by_role("dialog", name="Activate points")
    await dialog.get_by_role("link", name="Let them wait").click()
    await expect(dialog).to_be_hidden()
    assert await member.balance() == {"active": 100, "pending": 75}
    await page.get_by_role("link", name="Activate now").click()
    await dialog.get_by_role("button", name="Activate 75 points").click()
    await expect(page.get_by_role("status").first).to_contain_text("Activated 75 points")
    await expect(page.get_by_text("Activated", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="Activate now")).to_have_count(0)
    assert await member.balance() == {"active": 175}


async def test_what_was_taken_back_says_so(site: Site) -> None:
    program = await site.api.program()
    member = await site.api.member(program)
    [one] = exact(await member.transactions())["data"]
    answer = await site.api.shop.post(
        f"{member.path}/delete_transactions", json={"scope": "AllSubledgers"}
    )
    assert answer.is_success
    page = await site.page()
    await page.goto(f"/programs/{program.id}/transactions/{one['transactionUUID']}")
    await expect(page.get_by_text("This was taken back")).to_be_visible()


@pytest.mark.parametrize("name", ["999999999", "0" * 32, "nonsense", "1%2F2"])
async def test_a_transaction_that_is_not_there_is_said_not_to_be(
    site: Site, program: Program, name: str
) -> None:
    page = await site.page()
    answer = await page.request.get(f"/programs/{program.id}/transactions/{name}")
    assert answer.status == 404


async def test_a_transaction_of_another_program_is_not_there(site: Site, program: Program) -> None:
    other = await site.api.program()
    member = await site.api.member(other)
    [one] = exact(await member.transactions())["data"]
    page = await site.page()
    answer = await page.request.get(f"/programs/{program.id}/transactions/{one['id']}")
    assert answer.status == 404


async def test_a_transaction_is_shown_as_the_api_tells_it(site: Site) -> None:
    program = await site.api.program()
    await site.api.member(program, points="12.50")
    answer = await site.api.manager.get(f"{program_path(program)}/transactions")
    [one] = exact(answer)["data"]
    page = await site.page()
    await page.goto(f"/programs/{program.id}/transactions/{one['id']}")
    await page.get_by_text("As the API tells it").click()
    told = await page.get_by_role("region", name="JSON").inner_text()
    assert json.loads(told, parse_float=Decimal) == one
