"""Adding and deducting by hand: what the form says beforehand happens, once, or is refused."""

import asyncio
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from playwright.async_api import APIResponse, Page, Route, expect

from api.harness import Member, exact, in_path
from services.harness import ADMIN, give_role
from tallystick.core.programs import Program
from tallystick.core.roles import Role
from tallystick.services.users import find_user_id
from web.harness import Site

PREVIEW = "What this does is shown here before you do it."


@pytest.fixture(scope="module")
async def program(module_site: Site) -> Program:
    """A program whose points may wait and end."""
    return await module_site.api.program(timezone="Europe/Lisbon", allow_subledger=True)


@pytest.fixture
async def member(site: Site, program: Program) -> Member:
    """A member with 100 points."""
    return await site.api.member(program)


def _path(member: Member, task: str = "") -> str:
    return f"/programs/{member.program.id}/members/{in_path(member.name)}{task}"


async def _form(site: Site, member: Member, task: str, **options: Any) -> Page:
    page = await site.page(**options)
    await page.goto(_path(member, f"/{task}"))
    return page


async def _fill(page: Page, points: str, reason: str = "Sorry for the delay") -> None:
    await page.get_by_role("textbox", name="Points").fill(points)
    await page.get_by_role("textbox", name="Reason").fill(reason)


async def _send(page: Page, path: str, form: Mapping[str, str]) -> APIResponse:
    """Send a form as a browser does, without looking at its page before."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    return await page.request.post(path, form={**form}, headers=headers)


async def _newest(member: Member) -> dict[str, object]:
    data: list[dict[str, object]] = exact(await member.transactions())["data"]
    return data[0]


async def test_added_points_are_there_at_once_with_their_reason(site: Site, member: Member) -> None:
    page = await site.page()
    await page.goto(_path(member))
    await page.get_by_role("link", name="Add points").click()
    dialog = page.get_by_role("dialog", name="Add points")
    await dialog.get_by_label("Points").fill("250.50")
    await dialog.get_by_label("Reason").fill("Sorry for the delay")
    await expect(dialog.locator("#preview")).to_contain_text("100 → 350.50")
    await dialog.get_by_role("button", name="Add points").click()
    await expect(page.get_by_role("status").first).to_contain_text("Added 250.50 points")
    await expect(page.locator("dd.num").first).to_have_text("350.50")
    [first, *_] = await page.locator("#log tbody tr").all()
    await expect(first).to_contain_text("Added")
    await expect(first).to_contain_text("Sorry for the delay")
    await expect(first).to_contain_text("+250.50")
    assert await member.balance() == {"active": Decimal("350.5")}


async def test_a_deduction_takes_from_the_lots_that_the_preview_names(
    site: Site, member: Member
) -> None:
    soon = "2026-07-01T00:00:00Z"
    assert (await member.add(30, name="Short of life", validUntil=soon)).is_success
    page = await _form(site, member, "deduct")
    await _fill(page, "50")
    used = page.locator("#preview li")
    await expect(used).to_have_count(2)
    foreseen = [re.sub(r"\s+", " ", text) for text in await used.all_inner_texts()]
    assert foreseen[0].startswith("30 Short of life")
    assert foreseen[1].startswith("20 Import")
    await expect(page.locator("#preview")).to_contain_text("130 → 80")
    await page.get_by_role("button", name="Deduct points").click()
    await expect(page.locator("dd.num").first).to_have_text("80")
    await page.locator("#log tbody tr a").first.click()
    took = page.locator(".card", has_text="Took from").locator("tbody tr")
    await expect(took).to_have_count(2)
    await expect(took.nth(0)).to_contain_text("Short of life")
    await expect(took.nth(0).locator("td").last).to_have_text("30")
    await expect(took.nth(1).locator("td").last).to_have_text("20")


async def test_more_than_there_is_is_refused_at_its_field(site: Site, member: Member) -> None:
    page = await _form(site, member, "deduct")
    await _fill(page, "100.01")
    await expect(page.locator("#preview")).to_contain_text("only 100.00 are active")
    await page.get_by_role("button", name="Deduct points").click()
    await expect(page.get_by_label("Points")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("Found 100.01; only 100.00 are active")).to_be_visible()
    await expect(page.get_by_label("Points")).to_have_value("100.01")
    assert await member.balance() == {"active": 100}
    site.faults.clear()  # a browser complains about the status 422


@pytest.mark.parametrize("points", ["1,5", "1,25o", "-3", "0", "1.234", "\u0661"])
async def test_what_is_no_amount_is_refused_at_its_field(
    site: Site, member: Member, points: str
) -> None:
    page = await site.page()
    form = {"points": points, "name": "x"}
    answer = await _send(page, _path(member, "/add"), form)
    assert answer.status == 422
    assert "write an amount from 0.01" in await answer.text()


async def test_a_reason_is_asked_for(site: Site, member: Member) -> None:
    page = await site.page()
    answer = await _send(page, _path(member, "/add"), {"points": "1", "name": "  "})
    assert answer.status == 422
    assert "write what it is for" in await answer.text()
    assert await member.balance() == {"active": 100}


async def test_points_can_wait_and_end(site: Site, member: Member) -> None:
    page = await _form(site, member, "add")
    await _fill(page, "40")
    await expect(page.get_by_label("From", exact=True)).to_be_hidden()
    await page.get_by_label("Can be spent").select_option("From a day on")
    await page.get_by_label("From", exact=True).fill("2026-07-01")
    await page.get_by_label("Expire").select_option("At the end of a day")
    await page.get_by_label("Last day").fill("2026-08-31")
    await expect(page.locator("#preview")).to_contain_text("0 → 40")
    await expect(page.locator("#preview")).to_contain_text("from Jul 1, 00:00")
    await page.get_by_role("button", name="Add points").click()
    await expect(page.locator("#log tbody tr").first).to_contain_text("Pending")
    newest = await _newest(member)
    assert newest["startDate"] == "2026-06-30T23:00:00Z"
    assert newest["expiryDate"] == "2026-08-31T23:00:00Z"


async def test_points_can_wait_for_an_action_and_then_last(site: Site, member: Member) -> None:
    page = await _form(site, member, "add")
    await _fill(page, "40")
    await page.get_by_label("Can be spent").select_option("Once activated")
    await page.get_by_label("Expire").select_option("Some time after they start")
    await page.locator(".expiry").get_by_role("textbox", name="After").fill("2")
    await page.get_by_role("button", name="Add points").click()
    await expect(page.get_by_role("status").first).to_contain_text("Added 40 points")
    newest = await _newest(member)
    assert newest["startDate"] == "on_action"
    assert newest["validityDuration"] == "2M"


async def test_an_end_before_the_start_is_refused_at_its_field(site: Site, member: Member) -> None:
    page = await site.page()
    form = {"points": "1", "name": "x", "expiry": "on", "validUntil": "2026-01-01"}
    answer = await _send(page, _path(member, "/add"), form)
    assert answer.status == 422
    assert "choose a time after the one from which they can be spent" in await answer.text()


async def test_points_go_to_the_subledger_that_is_named(site: Site, member: Member) -> None:
    page = await _form(site, member, "add")
    await _fill(page, "5")
    await page.get_by_label("Subledger").fill("miles")
    await page.get_by_role("button", name="Add points").click()
    await expect(page.get_by_role("link", name="miles")).to_contain_text("5")
    await page.get_by_role("link", name="Deduct").click()
    dialog = page.get_by_role("dialog", name="Deduct points")
    await dialog.get_by_label("Ledger").select_option("miles, 5")
    await _fill(page, "2")
    await expect(dialog.locator("#preview")).to_contain_text("5 → 3")


async def test_a_form_that_is_sent_twice_posts_once(site: Site, member: Member) -> None:
    page = await site.page()
    form = {"points": "7", "name": "Twice", "key": "form-1"}
    for _ in range(2):
        answer = await _send(page, _path(member, "/add"), form)
        assert "Added 7 points" in await answer.text()
    assert await member.balance() == {"active": 107}


async def test_a_form_that_was_sent_and_then_changed_says_so_and_can_be_sent_again(
    site: Site, member: Member
) -> None:
    page = await site.page()
    form = {"points": "7", "name": "Twice", "key": "form-1"}
    await _send(page, _path(member, "/add"), form)
    answer = await _send(page, _path(member, "/add"), form | {"points": "8"})
    text = await answer.text()
    assert answer.status == 422
    assert "This form was sent before with something else in it" in text
    assert 'name="key" value="form-1"' not in text
    assert await member.balance() == {"active": 107}


async def test_a_slow_server_gets_the_form_once_however_often_one_clicks(
    site: Site, member: Member
) -> None:
    page = await _form(site, member, "add")
    await _fill(page, "9")
    sent: list[str] = []
    answering = asyncio.Event()

    async def slow(route: Route) -> None:
        if "preview" not in (route.request.post_data or ""):
            sent.append(route.request.method)
            await answering.wait()
        await route.continue_()

    await page.route("**/add", slow)
    button = page.get_by_role("button", name="Add points")
    await button.evaluate("(button) => { button.click(); button.click(); button.click(); }")
    answering.set()
    await expect(page.get_by_role("status").first).to_contain_text("Added 9 points")
    assert sent == ["POST"]
    assert await member.balance() == {"active": 109}


async def test_without_scripts_a_button_shows_what_would_happen(site: Site, member: Member) -> None:
    page = await _form(site, member, "deduct", java_script_enabled=False)
    await expect(page.get_by_text(PREVIEW)).to_be_visible()
    await _fill(page, "60")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator("#preview")).to_contain_text("100 → 40")
    assert await member.balance() == {"active": 100}
    await page.get_by_role("button", name="Deduct points").click()
    await expect(page.locator("dd.num").first).to_have_text("40")


async def test_whoever_is_new_becomes_a_member(site: Site, program: Program) -> None:
    page = await site.page()
    await page.goto(f"/programs/{program.id}/members")
    await page.get_by_role("link", name="Add points").first.click()
    dialog = page.get_by_role("dialog", name="Add points")
    await dialog.get_by_label("Member ID").fill("new/one")
    await _fill(page, "3")
    await expect(dialog.locator("#preview")).to_contain_text("This member is new")
    await dialog.get_by_role("button", name="Add points").click()
    await expect(page.locator(".kv .name")).to_have_text("new/one")
    await expect(page.locator("dd.num").first).to_have_text("3")


async def test_a_member_without_an_id_is_refused_at_its_field(site: Site, program: Program) -> None:
    page = await site.page()
    form = {"points": "1", "name": "x", "integrationId": " "}
    answer = await _send(page, f"/programs/{program.id}/add-points", form)
    assert answer.status == 422
    assert "write the ID under which your systems know the member" in await answer.text()


async def test_a_dialog_closes_by_escape_and_by_its_button(site: Site, member: Member) -> None:
    page = await site.page()
    await page.goto(_path(member))
    for way in ("Escape", "Cancel"):
        await page.get_by_role("link", name="Deduct").click()
        dialog = page.get_by_role("dialog", name="Deduct points")
        await expect(dialog.get_by_label("Points")).to_be_visible()
        if way == "Escape":
            await page.keyboard.press(way)
        else:
            await dialog.get_by_role("link", name=way).click()
        await expect(dialog).to_be_hidden()
    await expect(page).to_have_url(site.url + _path(member))


async def test_reasons_are_shown_as_they_were_written(site: Site, member: Member) -> None:
    reason = "<script>alert(1)</script> & \u202bשלם\u202c 🎈 " + "long " * 40
    page = await _form(site, member, "add")
    await _fill(page, "1", reason.strip())
    await page.get_by_role("button", name="Add points").click()
    await expect(page.locator("#log tbody tr").first).to_contain_text(reason.strip())
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1440


async def test_who_posted_by_hand_is_told(site: Site, member: Member) -> None:
    page = await _form(site, member, "add")
    await _fill(page, "1")
    await page.get_by_role("button", name="Add points").click()
    await page.locator("#log tbody tr a").first.click()
    await expect(page.locator(".facts").get_by_text("ada@example.com")).to_be_visible()


async def test_support_is_told_of_their_day_and_kept_to_it(site: Site, member: Member) -> None:
    email = await site.person()
    user_id = await find_user_id(site.api.context, ADMIN, email)
    await give_role(site.api.context, user_id, member.program, Role.SUPPORT)
    page = await _form(site, member, "add", email=email)
    await expect(page.get_by_text("You may post 100 more today.")).to_be_visible()
    await _fill(page, "100.01")
    await expect(page.locator("#preview")).to_contain_text("100.00 are left today")
    await page.get_by_role("button", name="Add points").click()
    await expect(page.get_by_text("ask a manager to do it")).to_be_visible()
    assert await member.balance() == {"active": 100}
    site.faults.clear()  # a browser complains about the status 422


async def test_whoever_only_looks_is_offered_no_way_to_post(site: Site, member: Member) -> None:
    email = await site.person()
    user_id = await find_user_id(site.api.context, ADMIN, email)
    await give_role(site.api.context, user_id, member.program, Role.VIEWER)
    page = await site.page(email=email)
    await page.goto(_path(member))
    await expect(page.locator("dd.num").first).to_have_text("100")
    for name in ("Add points", "Deduct", "Export log"):
        await expect(page.get_by_role("link", name=name)).to_have_count(0)
    answer = await page.request.get(_path(member, "/add"))
    assert answer.status == 403
