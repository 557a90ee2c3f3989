"""A member's page: the figures are the API's at every moment that it can show."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from api.harness import Api, Member, exact, in_path
from services.harness import NOW, import_rows
from tallystick.core.programs import ReturnPolicy
from tallystick.core.validity import render_instant
from web.harness import Site

DAY = timedelta(days=1)
LISBON = ZoneInfo("Europe/Lisbon")
FIGURES = ("active", "pending", "spent", "expired")


@pytest.fixture(scope="module")
async def member(module_site: Site) -> Member:
    """A member of Lisbon whose balance changed in the past and will change in the month ahead."""
    api = module_site.api
    program = await api.program(timezone=LISBON.key, allow_subledger=True)
    member = Member(api=api, program=program, name="maya")
    for days, row in ((40, "maya,1000"), (20, "maya,500.50"), (5, "maya,250")):
        api.clock.now = NOW - days * DAY
        await import_rows(api.context, program, row)
    assert (await member.deduct(300, name="Order 7")).is_success
    api.clock.now = NOW
    at = [render_instant(NOW + days * DAY) for days in (3, 10, 31)]
    assert (await member.add(20, name="Short", validUntil=at[0])).is_success
    assert (await member.add(75, name="Later", pendingUntil=at[1])).is_success
    assert (await member.add(9, name="Last day", validUntil=_last_of(31))).is_success
    assert (await member.add(8, name="Too late", validUntil=_first_of(32))).is_success
    assert (await member.add(40, name="Miles", subledgerId="miles")).is_success
    return member


def _first_of(days_ahead: int) -> str:
    """When a day begins in Lisbon."""
    on = NOW.astimezone(LISBON).date() + days_ahead * DAY
    begins = datetime(on.year, on.month, on.day, tzinfo=LISBON)
    return render_instant(begins.astimezone(UTC))


def _last_of(days_ahead: int) -> str:
    """A minute before its end."""
    end = datetime.fromisoformat(_first_of(days_ahead + 1))
    return render_instant(end - timedelta(minutes=1))


def _path(member: Member) -> str:
    return f"/programs/{member.program.id}/members/{in_path(member.name)}"


async def _open(site: Site, member: Member, query: str = "", **options: Any) -> Page:
    page = await site.page(**options)
    await page.goto(_path(member) + query)
    return page


async def _shown(page: Page) -> list[Decimal]:
    """The figures of the tiles, as numbers."""
    texts = await page.locator("dd.num").all_text_contents()
    return [Decimal(text.replace(",", "")) for text in texts]


async def _told(api: Api, member: Member, days: int) -> list[Decimal]:
    """What the API says of the end of a day from today; of today, what it says of now."""
    parameters = {} if days == 0 else {"endDate": _end_of(days)}
    found = exact(await member.balances(**parameters))
    balances = [found["balance"], *found.get("subledgerBalances", {}).values()]
    return [
        sum((Decimal(each[f"{name}Points"]) for each in balances), Decimal()) for name in FIGURES
    ]


def _end_of(days: int) -> str:
    end = datetime.fromisoformat(_first_of(days + 1))
    return render_instant(end - timedelta(microseconds=1))


async def test_the_tiles_are_what_the_api_says_now(site: Site, member: Member) -> None:
    page = await _open(site, member)
    assert await _shown(page) == await _told(site.api, member, 0)


@pytest.mark.parametrize("days", [-30, -20, -5, 1, 10, 31])
async def test_a_day_of_the_slider_is_what_the_api_says_of_its_end(
    site: Site, member: Member, days: int
) -> None:
    page = await _open(site, member)
    await page.get_by_role("slider", name="Show balances on another day").fill(str(30 + days))
    await expect(page.locator("#as-of-chip")).not_to_have_text("Now")
    assert await _shown(page) == await _told(site.api, member, days)
    shown = await _shown(page)
    await page.reload()  # the day stands in the address
    await expect(page.locator("#as-of-chip")).not_to_have_text("Now")
    assert await _shown(page) == shown


async def test_the_slider_moves_by_keyboard_and_goes_back_to_now(
    site: Site, member: Member
) -> None:
    page = await _open(site, member)
    slider = page.get_by_role("slider", name="Show balances on another day")
    await slider.press("ArrowRight")
    await expect(page.locator("#as-of-chip")).to_have_text("Jun 16")
    await expect(page).to_have_url(f"{site.url}{_path(member)}?as_of=2026-06-16")
    await slider.press("Home")
    await expect(page.locator("#as-of-chip")).to_have_text("May 16")
    await expect(page.get_by_text("+720.50 from now")).to_have_count(0)
    await page.get_by_role("link", name="Back to now").click()
    await expect(page.locator("#as-of-chip")).to_have_text("Now")
    await expect(page).to_have_url(site.url + _path(member))
    await expect(slider).to_be_focused()


async def test_the_slider_points_at_the_day_in_the_chart(site: Site, member: Member) -> None:
    page = await _open(site, member)
    await expect(page.locator("points-chart[data-ready]")).to_be_visible()
    await page.get_by_role("slider", name="Show balances on another day").fill("33")
    await expect(page.locator("points-chart .tip")).to_contain_text("Jun 18, 2026")


async def test_without_scripts_a_day_is_chosen_by_its_date(site: Site, member: Member) -> None:
    page = await _open(site, member, java_script_enabled=False)
    await page.get_by_label("Balances on", exact=True).fill("2026-06-25")
    await page.locator("#time").get_by_role("button", name="Show").click()
    await expect(page.locator("#as-of-chip")).to_have_text("Jun 25")
    assert await _shown(page) == await _told(site.api, member, 10)
    await page.get_by_role("link", name="Back to now").click()
    await expect(page.locator("#as-of-chip")).to_have_text("Now")


async def test_a_day_before_the_slider_is_shown_as_well(site: Site, member: Member) -> None:
    page = await _open(site, member, "?as_of=2026-05-10")
    await expect(page.locator("#as-of-chip")).to_have_text("May 10")
    assert await _shown(page) == await _told(site.api, member, -36)


@pytest.mark.parametrize(
    ("zone", "on", "ends_at"),
    [
        ("Pacific/Auckland", "2026-06-20", "2026-06-20T12:00:00Z"),
        ("America/Los_Angeles", "2026-06-20", "2026-06-21T07:00:00Z"),
        ("Europe/Lisbon", "2026-03-29", "2026-03-29T23:00:00Z"),  # it has 23 hours
        ("Europe/Lisbon", "2026-10-25", "2026-10-26T00:00:00Z"),  # it has 25 hours
    ],
)
async def test_a_day_ends_with_the_midnight_of_the_program(
    site: Site, zone: str, on: str, ends_at: str
) -> None:
    """Points that expire at the midnight are there on the day, and those a minute before not."""
    end = datetime.fromisoformat(ends_at)
    site.api.clock.now = min(NOW, end - 10 * DAY)
    member = await site.api.member(await site.api.program(timezone=zone), points="1")
    for points, expires_at in ((30, end), (4, end - timedelta(minutes=1))):
        assert (await member.add(points, validUntil=render_instant(expires_at))).is_success
    page = await _open(site, member, f"?as_of={on}", java_script_enabled=False)
    assert await _shown(page) == [31, 0, 0, 4]
    last = end - timedelta(microseconds=1)
    assert await member.balance(endDate=render_instant(last)) == {"active": 31, "expired": 4}


async def test_what_expires_on_the_last_day_ahead_is_coming_up_and_a_day_later_not(
    site: Site, member: Member
) -> None:
    page = await _open(site, member)
    coming = page.get_by_role("region", name="Coming up")
    await expect(coming.get_by_role("listitem")).to_have_count(3)
    await expect(coming.get_by_role("listitem").nth(0)).to_contain_text("Short")
    await expect(coming.get_by_role("listitem").nth(1)).to_contain_text("+75")
    await expect(coming.get_by_role("listitem").nth(2)).to_contain_text("Last day")
    [active, *_] = await _told(site.api, member, 31)
    await expect(coming.locator("footer")).to_contain_text(f"{active.normalize():,f}"[:5])


async def test_one_ledger_is_shown_alone(site: Site, member: Member) -> None:
    page = await _open(site, member)
    await page.get_by_role("link", name="miles").click()
    assert await _shown(page) == [40, 0, 0, 0]
    await page.get_by_role("navigation", name="Ledger").get_by_role("link", name="Main").click()
    balance = exact(await member.balances())["balance"]
    assert await _shown(page) == [balance[f"{name}Points"] for name in FIGURES]
    await expect(page.locator("#log tbody tr")).to_have_count(8)


async def test_transactions_are_filtered_by_type_and_date_and_say_the_balance_after(
    site: Site, member: Member
) -> None:
    page = await _open(site, member)
    log = page.locator("#log")
    await log.get_by_role("link", name="Redeemed").click()
    [row] = await log.locator("tbody tr").all()
    await expect(row).to_contain_text("Order 7")
    await expect(row.locator("td").nth(4)).to_have_text("\N{MINUS SIGN}300")
    await expect(row.locator("td").nth(5)).to_have_text("1,450.50")
    await log.get_by_role("link", name="By hand").click()
    await expect(page.get_by_role("heading", name="No transactions like this")).to_be_visible()
    await page.get_by_role("link", name="Clear filters").click()
    await log.get_by_label("From").fill("2026-05-26")
    await log.get_by_label("to", exact=True).fill("2026-05-26")
    await log.get_by_role("button", name="Show").click()
    await expect(log.locator("tbody tr")).to_have_count(1)
    await expect(log.locator("tbody tr")).to_contain_text("+500.50")


async def test_transactions_go_on_page_by_page(site: Site) -> None:
    program = await site.api.program()
    rows = [f"busy,{n + 1}" for n in range(60)]
    await import_rows(site.api.context, program, *rows)
    page = await _open(site, Member(api=site.api, program=program, name="busy"))
    log = page.locator("#log")
    await expect(log.locator("tbody tr")).to_have_count(50)
    await log.get_by_role("link", name="Older").click()
    await expect(log.locator("tbody tr")).to_have_count(10)
    await log.get_by_role("link", name="Newer").click()
    await expect(log.locator("tbody tr")).to_have_count(50)


async def test_a_member_below_zero_has_a_tile_for_it(site: Site) -> None:
    program = await site.api.program(return_policy=ReturnPolicy.UNLIMITED)
    member = await site.api.member(program, points="10")
    assert (await member.deduct(25)).is_success
    page = await _open(site, member)
    assert await _shown(page) == [0, 0, 10, 0, 15]
    await expect(page.locator("#log")).to_contain_text("Below zero")


async def test_a_member_who_is_not_there_is_said_not_to_be(site: Site, member: Member) -> None:
    page = await site.page()
    answer = await page.goto(f"/programs/{member.program.id}/members/nobody")
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("heading", name="There is no such thing here")).to_be_visible()
    site.faults.clear()  # a browser complains about the status 404


@pytest.mark.parametrize(
    "query", ["as_of=tomorrow", "from=1", "type=x", "after=x", "subledger=%00"]
)
async def test_an_address_that_asks_for_nonsense_is_refused(
    site: Site, member: Member, query: str
) -> None:
    page = await site.page()
    answer = await page.request.get(f"{_path(member)}?{query}")
    assert answer.status == 400
