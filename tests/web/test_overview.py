"""The overview of a program: its figures are the API's, its days are in the address."""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from api.harness import exact, program_path
from services.harness import NOW, change, import_rows, new_name
from tallystick.core.ids import IntegrationId
from tallystick.core.programs import Program
from tallystick.core.roles import Role
from tallystick.core.transactions import Source
from tallystick.core.validity import Duration, local_date, local_midnight
from web.days import fill_days
from web.harness import Site

COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Total members": lambda day: day["totalMembers"],
    "New members": lambda day: day["newMembers"],
    "Active points": lambda day: day["totalActivePoints"],
    "Pending points": lambda day: day["totalPendingPoints"],
    "Earned in sessions": lambda day: day["earnedPoints"]["createdViaRuleEngine"],
    "Earned by hand or import": lambda day: day["earnedPoints"]["createdManually"],
    "Redeemed in sessions": lambda day: day["spentPoints"]["createdViaRuleEngine"],
    "Deducted by hand": lambda day: day["spentPoints"]["createdManually"],
}
READ_TABLES = """tables => tables.map(table => ({
  names: [...table.tHead.rows[0].cells].slice(1).map(cell => cell.textContent),
  rows: [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.dataset.v)),
}))"""


@pytest.fixture(scope="module")
async def club(module_site: Site) -> Program:
    """A program with weeks of points, in a zone of its own."""
    program = await module_site.api.program(timezone="Europe/Lisbon")
    await fill_days(module_site.api, program)
    return program


def _address(program: Program, parameters: str = "") -> str:
    return f"/programs/{program.id}?{parameters}"


async def _shown(page: Page) -> dict[str, dict[str, Decimal]]:
    """What the tables of the charts hold, by column and by date."""
    shown: dict[str, dict[str, Decimal]] = {}
    for table in await page.locator("points-chart table").evaluate_all(READ_TABLES):
        for place, name in enumerate(table["names"], start=1):
            shown[name] = {row[0]: Decimal(row[place]) for row in table["rows"]}
    return shown


async def _told(
    site: Site, program: Program, first: date, last: date, **more: str
) -> list[dict[str, Any]]:
    """The days as the API tells them."""
    zone = program.settings.timezone
    asked = {
        "rangeStart": local_midnight(first, zone).isoformat(),
        "rangeEnd": local_midnight(last, zone).isoformat(),
    }
    answer = await site.api.manager.get(f"{program_path(program)}/dashboard", params=asked | more)
    days: list[dict[str, Any]] = exact(answer)["data"]
    return days


def _columns(days: Sequence[dict[str, Any]]) -> dict[str, dict[str, Decimal]]:
    """The days of the API, by column and by date, as the page has them."""
    return {
        name: {day["date"][:10]: Decimal(read(day)) for day in days}
        for name, read in COLUMNS.items()
    }


def containing(text: str) -> re.Pattern[str]:
    """Any text that has this one in it."""
    return re.compile(re.escape(text))


def tile(page: Page, label: str) -> Locator:
    """The figure of a tile."""
    return page.locator(".tile").filter(has_text=label).locator(".num")


@pytest.mark.parametrize("parameters", ["range=7d", "range=30d", "from=2026-05-02&to=2026-06-01"])
async def test_figures_are_those_of_the_api(site: Site, club: Program, parameters: str) -> None:
    page = await site.page()
    await page.goto(_address(club, parameters))
    shown = await _shown(page)
    expired = shown.pop("Expired points")
    first, *_, last = [date.fromisoformat(day) for day in shown["Total members"]]
    days = await _told(site, club, first - timedelta(days=1), last)
    assert shown == _columns(days[1:])
    totals = [Decimal(day["totalExpiredPoints"]) for day in days]
    assert list(expired.values()) == [after - before for before, after in pairwise(totals)]


CLOCKS = {
    "behind UTC": ("America/Los_Angeles", date(2026, 6, 10)),
    "ahead of UTC": ("Pacific/Auckland", date(2026, 6, 10)),
    "clocks go forward": ("America/New_York", date(2026, 3, 8)),
    "clocks go back": ("Australia/Sydney", date(2026, 4, 5)),
}


@pytest.mark.parametrize(("zone", "on"), CLOCKS.values(), ids=CLOCKS)
async def test_days_are_those_of_the_programs_time_zone(site: Site, zone: str, on: date) -> None:
    api, program, name = site.api, await site.api.program(timezone=zone), new_name("customer")
    first, last = on - timedelta(days=1), on + timedelta(days=1)
    edges = [local_midnight(day, zone) for day in (first, on, last)]
    for number, at in enumerate(sorted(edge + aside for edge in edges for aside in ASIDE)):
        api.clock.now = at
        if number == 0:
            await import_rows(api.context, program, f"{name},100")
        more = {"expiry": Duration(12, "h")} if number % 2 else {}
        source = Source.SESSION if number % 3 else Source.MANUAL
        await change(
            api.context,
            program,
            IntegrationId(name),
            f"{number + 1}.5",
            source=source,
            session_id="one" if source is Source.SESSION else None,
            **more,
        )
    api.clock.now = local_midnight(last, zone) + timedelta(days=2)
    page = await site.page()
    await page.goto(_address(program, f"from={first}&to={last}"))
    shown = await _shown(page)
    shown.pop("Expired points")
    days = await _told(site, program, first, last)
    assert len(days) == 3
    assert shown == _columns(days)
    assert all(shown["Earned in sessions"].values())


ASIDE = (timedelta(microseconds=-1), timedelta(0), timedelta(hours=23, minutes=30))


async def test_presets_end_yesterday_and_own_dates_may_include_today(
    site: Site, club: Program
) -> None:
    page = await site.page()
    today = local_date(NOW, "Europe/Lisbon")
    await page.goto(_address(club, "range=7d"))
    assert list((await _shown(page))["Active points"])[-1] == str(today - timedelta(days=1))
    before = await tile(page, "Active points").text_content()
    await page.goto(_address(club, f"from={today - timedelta(days=3)}&to={today}"))
    shown = (await _shown(page))["Active points"]
    assert list(shown)[-1] == str(today)
    await expect(tile(page, "Active points")).to_have_text(f"{shown[str(today)]:,.2f}")
    await expect(tile(page, "Active points")).not_to_have_text(str(before))
    await expect(page.get_by_text("until Today")).to_be_visible()


async def test_another_period_changes_figures_and_address_and_back_undoes_it(
    site: Site, club: Program
) -> None:
    page = await site.page()
    await page.goto(_address(club, "range=30d"))
    month = await tile(page, "Redeemed").text_content()
    assert month is not None
    await page.evaluate("document.body.dataset.same = 'yes'")
    await page.get_by_role("link", name="Last 7 days").click()
    await expect(page).to_have_url(f"{site.url}/programs/{club.id}?range=7d")
    await expect(tile(page, "Redeemed")).not_to_have_text(month)
    await expect(page.locator("body")).to_have_attribute("data-same", "yes")
    await expect(page.get_by_role("slider").first).to_have_attribute("aria-valuemax", "6")
    await page.go_back()
    await expect(page).to_have_url(f"{site.url}/programs/{club.id}?range=30d")
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    await expect(tile(page, "Redeemed")).to_have_text(month)
    await expect(page.get_by_role("slider").first).to_have_attribute("aria-valuemax", "29")


async def test_own_dates_are_chosen_in_a_form(site: Site, club: Program) -> None:
    page = await site.page()
    await page.goto(_address(club))
    await page.get_by_role("button", name="Own dates").click()
    await page.get_by_label("From", exact=True).fill("2026-06-01")
    await page.get_by_label("To", exact=True).fill("2026-06-10")
    await page.get_by_role("button", name="Show these days").click()
    await expect(page.get_by_text("Jun 1 \N{EN DASH} Jun 10, 2026")).to_be_visible()
    address = f"{site.url}/programs/{club.id}?from=2026-06-01&to=2026-06-10"
    await expect(page).to_have_url(address)
    assert len((await _shown(page))["Active points"]) == 10


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ("range=2d", "Range: found '2d'; choose one of 7d"),
        ("from=2026-06-01", "To: found nothing; write both from and to"),
        ("from=2026-06-01&to=2026-05-01", "not before from"),
        ("from=2026-06-01&to=2026-06-31", "found '2026-06-31'; write a day"),
        ("from=2026-06-01&to=2026-06-16", "choose a day until today"),
        ("from=2024-06-01&to=2026-06-01", "at most 400 days"),
        ("range=7d&from=2026-06-01&to=2026-06-02", "beside a range"),
    ],
    ids=["no preset", "one date", "turned round", "no day", "tomorrow", "too many", "both"],
)
async def test_days_that_cannot_be_shown_say_why_above_the_last_30(
    site: Site, club: Program, parameters: str, says: str
) -> None:
    page = await site.page()
    await page.goto(_address(club, parameters))
    await expect(page.get_by_role("alert")).to_contain_text(says)
    assert len((await _shown(page))["Active points"]) == 30
    site.faults.clear()  # a browser complains about the status 422


async def test_a_year_is_drawn_by_week_with_the_same_sums(site: Site, club: Program) -> None:
    page = await site.page()
    await page.goto(_address(club, "range=1y"))
    await expect(page.get_by_text("charts by week")).to_be_visible()
    weeks = await _shown(page)
    first, last = date(2025, 6, 15), date(2026, 6, 14)
    days = _columns(await _told(site, club, first, last))
    assert len(weeks["Active points"]) == 53
    for name in ("New members", "Earned in sessions", "Deducted by hand"):
        assert sum(weeks[name].values()) == sum(days[name].values())
    for name in ("Total members", "Active points", "Pending points"):
        ends = {period.rpartition("/")[2]: value for period, value in weeks[name].items()}
        assert ends.items() <= days[name].items()


async def test_one_ledger_can_be_looked_at(site: Site, club: Program) -> None:
    page = await site.page()
    await page.goto(_address(club, "range=7d"))
    for label, subledger in (("partner-air", "partner-air"), ("Main ledger", "")):
        await (
            page.get_by_role("button", name="ledger")
            .or_(page.get_by_role("button", name="partner-air"))
            .first.click()
        )
        await page.get_by_role("link", name=label).click()
        await expect(page.get_by_role("button", name=label)).to_be_visible()
        shown = await _shown(page)
        shown.pop("Expired points")
        days = await _told(site, club, date(2026, 6, 8), date(2026, 6, 14), subledgerId=subledger)
        assert shown == _columns(days)


async def test_a_subledger_that_is_not_there_is_said(site: Site, club: Program) -> None:
    page = await site.page()
    answer = await page.request.get(_address(club, "subledger=none"))
    assert answer.status == 404


async def test_a_chart_is_read_by_keyboard(site: Site, club: Program) -> None:
    page = await site.page()
    await page.goto(_address(club, "range=7d"))
    chart = page.get_by_role("slider", name="Active points by day")
    await chart.focus()
    await page.keyboard.press("End")
    last = list((await _shown(page))["Active points"].values())[-1]
    await expect(chart).to_have_attribute("aria-valuetext", containing(f"{last:,.2f}"))
    await page.keyboard.press("ArrowLeft")
    await expect(chart).to_have_attribute("aria-valuetext", containing("Jun 13"))


async def test_a_card_is_seen_as_one_table(site: Site, club: Program) -> None:
    page = await site.page()
    await page.goto(_address(club, "range=7d"))
    card = page.locator(".card").filter(has=page.get_by_role("heading", name="Points overview"))
    await card.get_by_role("button", name="View as table").click()
    table = card.get_by_role("table").first
    await expect(table).to_be_visible()
    await expect(table.get_by_role("columnheader")).to_have_text(
        ["Date", "Active points", "Pending points", "Expired points"]
    )
    await expect(table.get_by_role("row")).to_have_count(8)


async def test_export_takes_the_days_and_the_figures_of_the_card_along(
    site: Site, club: Program
) -> None:
    page = await site.page()
    await page.goto(_address(club, "from=2026-06-01&to=2026-06-10&subledger=partner-air"))
    more = "from=2026-06-01&to=2026-06-10&subledger=partner-air"
    for what, include in (
        ("members", "members"),
        ("points", "points"),
        ("earned and redeemed", "earned-redeemed"),
    ):
        link = page.get_by_role("link", name=f"Export {what}", exact=True)
        path = f"/programs/{club.id}/exports/new?kind=dashboard&include={include}&{more}"
        await expect(link).to_have_attribute("href", path)


async def test_loyalty_data_is_managed_by_those_who_may(site: Site, club: Program) -> None:
    page = await site.page()
    await page.goto(_address(club))
    await page.get_by_role("button", name="Manage loyalty data").click()
    menu = page.get_by_role("navigation", name="Manage loyalty data")
    await expect(menu.get_by_role("link")).to_contain_text(
        [
            "Import Loyalty Points",
            "Export Transactions Logs",
            "Export Loyalty Balance",
            "Export Dashboard Data",
        ]
    )
    analyst = await site.page((await site.api.person(club, Role.ANALYST)).email)
    await analyst.goto(_address(club))
    await analyst.get_by_role("button", name="Manage loyalty data").click()
    links = analyst.get_by_role("navigation", name="Manage loyalty data").get_by_role("link")
    await expect(links).to_have_count(3)
    viewer = await site.page((await site.api.person(club, Role.VIEWER)).email)
    await viewer.goto(_address(club))
    await expect(viewer.get_by_role("button", name="Manage loyalty data")).to_have_count(0)
    await expect(viewer.get_by_role("link", name="Export")).to_have_count(0)


async def test_a_program_without_points_says_how_they_come(site: Site) -> None:
    program = await site.api.program()
    page = await site.page()
    await page.goto(_address(program))
    await expect(page.get_by_role("heading", name="No points yet")).to_be_visible()


async def test_points_of_cards_are_told_to_come_later(site: Site) -> None:
    program = await site.api.program(card_based=True)
    page = await site.page()
    await page.goto(_address(program))
    await expect(page.get_by_text("This program is card-based")).to_be_visible()


async def test_the_title_of_a_program_is_text_whatever_it_holds(site: Site) -> None:
    title = "<b>Bold</b> \N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET} \N{PARTY POPPER} & Co"
    program = await site.api.program(title=title)
    page = await site.page()
    await page.goto(_address(program))
    await expect(page.locator(".crumbs [aria-current]")).to_have_text(title)
