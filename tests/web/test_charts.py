"""Charts say what their tables say: by eye, by keyboard, as a table, in both themes."""

import re
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, expect

from web.charts_page import ACTIVE, CARDS, LAST, NEW, PENDING, days, series, show

WIDTHS = (390, 768, 1440)
MINUS = "\N{MINUS SIGN}"
DATE = re.compile(r"[A-Z][a-z]{2} \d")
VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""
LEFT = "element => element.getBoundingClientRect().left"
OVERHANG = """() => {
  const root = document.documentElement, main = document.querySelector("main");
  const height = Math.max(innerHeight, main.offsetHeight);
  return [root.scrollWidth - root.clientWidth, root.scrollHeight - height];
}"""
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map((each) => each.value)))
  .observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page that has complained about nothing when its test is over."""
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    page = await context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.add_init_script(VIOLATIONS + SHIFTS)
    yield page
    violations = await page.evaluate("violations")
    await context.close()
    assert violations == []
    assert faults == []


async def drawn(page: Page, **options: Any) -> None:
    """The page, when its charts are drawn."""
    await show(page, **options)
    await all_drawn(page)


async def all_drawn(page: Page) -> None:
    await expect(page.locator("points-chart:not([data-ready])")).to_have_count(0)
    assert await page.locator("points-chart").count()


def chart(page: Page, label: str) -> Locator:
    return page.locator(f"points-chart[label='{label}']")


def card(one: Mapping[str, Any], **more: Any) -> list[Mapping[str, Any]]:
    """A card with this chart alone."""
    alone = {"label": "Alone", **one, **more}
    return [{"id": "alone", "title": "Alone", "width": "w7", "charts": [alone]}]


async def dates(chart: Locator) -> list[str]:
    """The dates that the axis names."""
    return [text for text in await _texts(chart) if DATE.match(text)]


async def amounts(chart: Locator) -> list[str]:
    """The amounts that the axis names, from below."""
    return [text for text in await _texts(chart) if not DATE.match(text)]


async def _texts(chart: Locator) -> list[str]:
    return await chart.locator("svg text").all_text_contents()


async def cells(table: Locator) -> list[list[str]]:
    read = "rows => rows.map(({ cells }) => [...cells].map((cell) => cell.textContent.trim()))"
    texts: list[list[str]] = await table.locator("tr").evaluate_all(read)
    return texts


async def given(chart: Locator) -> list[list[float]]:
    """What the library was given to draw, series by series."""
    numbers: list[list[float]] = await chart.evaluate(
        "chart => chart.drawing.getOption().series.map(({ data }) => data.map((each) =>"
        " each?.value ?? each))"
    )
    return numbers


async def test_what_is_drawn_is_what_the_cells_say(page: Page) -> None:
    await drawn(page)
    assert await given(chart(page, "Active points by day")) == [[float(each) for each in ACTIVE]]
    assert await given(chart(page, "New members by day")) == [NEW]
    earned, by_hand, redeemed = await given(chart(page, "Points earned and redeemed by day"))
    assert min(earned) > 0
    assert by_hand[9] == 80_000.75
    assert max(redeemed) < 0


async def test_each_day_has_its_bar(page: Page) -> None:
    await drawn(page, cards=CARDS[:1])
    bars = chart(page, "New members by day").locator("svg path[fill='rgb(36, 121, 189)']")
    heights = await bars.evaluate_all("bars => bars.map((bar) => bar.getBBox().height)")
    assert len(heights) == len(NEW)
    assert heights.index(max(heights)) == NEW.index(max(NEW))
    assert max(heights) / min(heights) == pytest.approx(max(NEW) / min(NEW), rel=0.02)


async def test_every_day_is_read_by_keyboard_as_its_cells_say_it(page: Page) -> None:
    await drawn(page, cards=CARDS[2:3])
    one = page.locator("points-chart")
    rows = (await cells(one.locator("table")))[1:]
    plot = page.get_by_role("slider", name="Points earned and redeemed by day")
    await plot.focus()
    await page.keyboard.press("Home")
    for day, row in enumerate(rows):
        assert await plot.get_attribute("aria-valuenow") == str(day)
        assert await one.locator(".tip div > :last-child").all_text_contents() == row[1:]
        told = await plot.get_attribute("aria-valuetext") or ""
        assert row[0] in told
        assert all(text in told for text in row[1:])
        await page.keyboard.press("ArrowRight")


async def test_keys_move_from_day_to_day(page: Page) -> None:
    await drawn(page, cards=CARDS[:1])
    one = chart(page, "New members by day")
    for keys, day in [
        (["ArrowLeft"], "Sat, Nov 21, 2026"),
        (["ArrowRight"], "Fri, Oct 23, 2026"),
        (["Home", "ArrowLeft"], "Fri, Oct 23, 2026"),
        (["End", "ArrowRight"], "Sat, Nov 21, 2026"),
        (["End", "ArrowLeft"], "Fri, Nov 20, 2026"),
    ]:
        await one.get_by_role("slider").focus()
        for key in ["Escape", *keys]:
            await page.keyboard.press(key)
        await expect(one.locator(".tip b")).to_have_text(day)


async def test_escape_and_leaving_hide_what_is_told(page: Page) -> None:
    await drawn(page, cards=CARDS[:1])
    one = chart(page, "New members by day")
    for leave in ("Escape", "Tab"):
        await one.get_by_role("slider").focus()
        await page.keyboard.press("End")
        await expect(one.locator(".tip")).to_be_visible()
        await page.keyboard.press(leave)
        await expect(one.locator(".tip")).to_be_hidden()
        await expect(one.locator(".cursor > *")).to_have_count(0)


async def test_charts_of_a_group_share_the_day_and_one_tooltip(page: Page) -> None:
    await drawn(page, cards=CARDS[:2])
    above = chart(page, "Active points by day")
    below = chart(page, "Pending points by day")
    await above.get_by_role("slider").hover()
    told = await above.locator(".tip div > :last-child").all_text_contents()
    assert told == [f"{ACTIVE[14]:,}", f"{PENDING[14]:,}"]
    await expect(below.locator(".tip")).to_be_hidden()
    lefts = [await each.locator(".rule").evaluate(LEFT) for each in (above, below)]
    assert lefts[0] == lefts[1]
    await expect(chart(page, "New members by day").locator(".cursor > *")).to_have_count(0)


async def test_a_script_can_show_a_day(page: Page) -> None:
    await drawn(page)
    timeline = page.locator("#timeline")
    await timeline.evaluate("chart => chart.point(37)")
    await expect(timeline.locator(".tip")).to_have_text("Sun, Nov 29, 2026Active points3,930.00")
    await timeline.evaluate("chart => chart.point(-1)")
    await expect(timeline.locator(".tip")).to_be_hidden()


async def test_a_card_is_shown_as_one_table_of_all_its_charts(page: Page) -> None:
    await drawn(page, cards=CARDS[:2])
    points = page.locator("#points")
    button = points.get_by_role("button", name="View as table")
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(points.locator("points-chart").first).to_be_hidden()
    table = points.get_by_role("group", name="Points overview").get_by_role("table")
    head, *rows = await cells(table)
    assert head == ["Date", "Active points", "Pending points"]
    assert len(rows) == LAST + 1
    assert rows[-1] == ["Nov 21", f"{ACTIVE[LAST]:,}", f"{PENDING[LAST]:,}"]
    await button.click()
    await expect(table).to_have_count(0)
    await expect(points.locator("svg").first).to_be_visible()


async def test_a_legend_hides_a_series_but_never_the_last(page: Page) -> None:
    await drawn(page, cards=CARDS[2:3])
    one = chart(page, "Points earned and redeemed by day")
    for name in ("Redeemed", "Earned by hand", "Earned through the API"):
        await one.get_by_role("button", name=name).click()
    assert len(await given(one)) == 1
    assert "100K" in await amounts(one)
    pressed = [
        await each.get_attribute("aria-pressed") for each in await one.locator("button").all()
    ]
    assert pressed == ["true", "false", "false"]
    await one.get_by_role("button", name="Redeemed").click()
    assert len(await given(one)) == 2


async def test_colours_follow_the_theme(page: Page) -> None:
    await drawn(page, cards=CARDS[:2])
    one = chart(page, "Active points by day")
    light, dark = (one.locator(f"path[stroke='rgb({c})']") for c in ("21, 133, 97", "63, 189, 142"))
    await expect(light).to_have_count(1)
    await page.evaluate("document.documentElement.dataset.theme = 'dark'")
    await expect(dark).to_have_count(1)
    await expect(light).to_have_count(0)
    await page.evaluate("delete document.documentElement.dataset.theme")
    await expect(light).to_have_count(1)
    await page.emulate_media(color_scheme="dark")
    await expect(dark).to_have_count(1)


async def test_the_axis_is_short_and_round_in_the_language_of_the_page(page: Page) -> None:
    await drawn(page)
    one = chart(page, "Active points by day")
    assert await amounts(one) == ["12.3M", "12.4M", "12.5M", "12.6M"]
    await drawn(page, locale="de")
    assert (await amounts(one))[0] == "12,3\N{NO-BREAK SPACE}Mio."


async def test_an_axis_below_zero_may_go_without_signs(page: Page) -> None:
    await drawn(page, cards=CARDS[2:3])
    found = await amounts(chart(page, "Points earned and redeemed by day"))
    assert found == ["100K", "0", "100K", "200K"]


async def test_the_last_date_is_always_labelled(page: Page) -> None:
    await drawn(page)
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        for one in await page.locator("points-chart").all():
            last = (await cells(one.locator("table")))[-1][0]
            assert (await dates(one))[-1] == last


async def test_after_today_lines_are_dashed_and_bars_pale(page: Page) -> None:
    ahead = days([Decimal(100)] * 20, [5] * 20, marked=frozenset({15}))
    two = [series("Balance", "active", "step"), series("Due", "expired", "bar")]
    await drawn(page, cards=card({"days": ahead, "series": two, "now": ahead[12]["date"]}))
    one = page.locator("points-chart")
    assert "Today" in await amounts(one)
    line = one.locator("path[fill='none'][stroke='rgb(21, 133, 97)']")
    assert await line.count() == 2
    assert await line.and_(one.locator("[stroke-dasharray]")).count() == 1
    assert await one.locator("path[fill='rgb(132, 144, 139)'][fill-opacity='0.5']").count() == 7


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        pytest.param([], ["0", "1", "2", "3", "4"], id="no day"),
        pytest.param([0, 0], ["0", "1", "2", "3", "4"], id="nothing but zero"),
        pytest.param([7], ["0", "2", "4", "6", "8"], id="one day"),
        pytest.param([None, 2], ["0", "1", "2"], id="a day without a value"),
        pytest.param(
            [Decimal("0.25"), Decimal("0.75")], ["0", "0.2", "0.4", "0.6", "0.8"], id="parts"
        ),
        pytest.param([-30, 50], [f"{MINUS}50", f"{MINUS}25", "0", "25", "50"], id="below zero"),
    ],
)
async def test_a_scale_is_round_whatever_is_drawn(
    page: Page, values: list[Any], labels: list[str]
) -> None:
    shown = {"days": days(values), "series": [series("Points", "active", "bar")]}
    await drawn(page, cards=card(shown))
    assert await amounts(page.locator("points-chart")) == labels


async def test_without_scripts_the_tables_are_there(browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await show(page)
    await expect(page.get_by_role("cell", name=f"{ACTIVE[0]:,}")).to_be_visible()
    await expect(page.locator("points-chart svg")).to_have_count(0)
    await context.close()


async def test_without_the_library_the_tables_are_there(browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await show(page, refused=["echarts.js"])
    await expect(page.get_by_role("cell", name=f"{ACTIVE[0]:,}")).to_be_visible()
    await expect(page.locator("points-chart .plot").first).to_be_hidden()
    await context.close()


async def test_the_library_is_fetched_only_for_a_chart(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await show(page, cards=[])
    await expect(page.locator("points-spark svg path")).to_have_count(6)
    assert any("charts." in address for address in asked)
    assert not any("echarts." in address for address in asked)


async def test_hidden_tables_do_not_stretch_the_page(page: Page) -> None:
    await drawn(page)
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate(OVERHANG) == [0, 0]


async def test_nothing_jumps_when_charts_are_drawn(page: Page) -> None:
    await drawn(page)
    assert sum(await page.evaluate("shifts")) < 0.001


async def test_a_chart_that_is_put_elsewhere_is_drawn_once(page: Page) -> None:
    await drawn(page, cards=CARDS[2:3])
    await page.evaluate("document.querySelector('main').append(document.querySelector('#flows'))")
    one = chart(page, "Points earned and redeemed by day")
    await expect(one.locator("svg")).to_have_count(1)
    await expect(one.locator(".legend")).to_have_count(1)
    await expect(one.locator("table")).to_have_count(1)


async def test_a_chart_follows_the_width_of_the_window(page: Page) -> None:
    await drawn(page)
    one = chart(page, "Active points by day")
    before = await one.locator("svg").get_attribute("width")
    await page.set_viewport_size({"width": 500, "height": 900})
    await expect(one.locator("svg")).not_to_have_attribute("width", before or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(page: Page, scheme: Any) -> None:
    await page.emulate_media(color_scheme=scheme)
    await drawn(page)
    await page.locator("#flows").get_by_role("button", name="View as table").click()
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


async def test_the_policy_is_watched(browser: Browser) -> None:
    """What proves that the other tests would notice: a style attribute is reported."""
    page = await browser.new_page()
    await page.add_init_script(VIOLATIONS)
    await drawn(page)
    await page.evaluate("document.body.setAttribute('style', 'color: red')")
    await expect(page.locator("body")).not_to_have_css("color", "rgb(255, 0, 0)")
    assert await page.evaluate("violations") == ["style-src-attr"]
    await page.context.close()
