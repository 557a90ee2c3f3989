"""Programs by page: listed, made, changed and deleted, by the same services as the API's."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from api.harness import exact, program_path
from services.harness import NOW, new_name
from tallystick.core.points import decimal_of
from tallystick.core.programs import JoinPolicy, Program
from tallystick.core.roles import Role
from tallystick.services.balances import program_totals
from tallystick.web.program_form import JOIN_WORDS, RETURN_WORDS
from web.days import fill_days
from web.harness import Site

JOIN = JOIN_WORDS[JoinPolicy.POINTS_EARNED]


def field(page: Page, name: str) -> Locator:
    """The field of a form that is sent under that name."""
    return page.locator(f"[name={name}]")


async def _told(site: Site, program: Program) -> dict[str, Any]:
    """The program as the API tells it."""
    told: dict[str, Any] = exact(await site.api.manager.get(program_path(program)))
    return told


async def _named(site: Site, name: str) -> dict[str, Any]:
    """The same of the program of that name."""
    programs = exact(await site.api.manager.get("/v1/loyalty_programs"))["data"]
    [found] = [each for each in programs if each["name"] == name]
    return dict(found)


async def _new(site: Site, **filled: str) -> Page:
    """The form of a new program, filled in as far as given."""
    page = await site.page()
    await page.goto("/programs/new")
    for name, text in filled.items():
        await field(page, name).fill(text)
    return page


async def _create(page: Page) -> None:
    await page.get_by_role("button", name="Create program").click()


async def test_the_list_tells_what_each_program_holds(site: Site) -> None:
    program = await site.api.program()
    await fill_days(site.api, program)
    active = (await program_totals(site.api.context, program, at=NOW)).active
    page = await site.page()
    await page.goto("/programs")
    row = page.get_by_role("row").filter(has_text=program.settings.title)
    await expect(row.get_by_role("cell").nth(3)).to_have_text("9")
    await expect(row.get_by_role("cell").nth(4)).to_have_text(f"{decimal_of(active):,}")
    await expect(row.locator("points-spark svg")).to_be_visible()


async def test_a_program_is_created_as_the_form_says(site: Site) -> None:
    name = new_name("club")
    page = await _new(site, name=name, title="Harbour & <Club>", timezone="Europe/Lisbon")
    await field(page, "defaultPending").select_option("After 14 days")
    await field(page, "defaultValidity").select_option("Another time")
    await field(page, "defaultValidityOwn").fill("45D")
    await field(page, "allowSubledger").check()
    await field(page, "programJoinPolicy").select_option(JOIN)
    await _create(page)
    await expect(page.get_by_role("status").first).to_contain_text("Harbour & <Club> is there")
    told = await _named(site, name)
    assert page.url == f"{site.url}/programs/{told['id']}"
    expected = {
        "title": "Harbour & <Club>",
        "timezone": "Europe/Lisbon",
        "sandbox": False,
        "defaultPending": "14D",
        "defaultValidity": "45D",
        "allowSubledger": True,
        "programJoinPolicy": "points_earned",
        "returnPolicy": "only_pending",
    }
    assert {field: told[field] for field in expected} == expected


async def test_another_time_has_a_field_only_once_it_is_chosen(site: Site) -> None:
    page = await _new(site)
    own = field(page, "defaultValidityOwn")
    await expect(own).to_be_hidden()
    await field(page, "defaultValidity").select_option("Another time")
    await expect(own).to_be_visible()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("name", " ", "write one line"),
        ("timezone", "Lisbon", "IANA time zone"),
        ("title", "x" * 256, "255 characters"),
    ],
)
async def test_a_field_that_is_wrong_says_so_and_keeps_what_was_written(
    site: Site, name: str, text: str, says: str
) -> None:
    filled = {"name": new_name("club"), "timezone": "UTC", name: text}
    page = await _new(site, description="Kept", **filled)
    await _create(page)
    wrong = field(page, name)
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(wrong).to_have_accessible_description(re.compile(f"^Found .*{says}"))
    await expect(field(page, "description")).to_have_value("Kept")
    site.faults.clear()  # a browser complains about the status 422


async def test_a_name_that_is_taken_is_refused(site: Site) -> None:
    taken = (await site.api.program()).settings.name
    page = await _new(site, name=taken, timezone="UTC")
    await _create(page)
    await expect(page.locator(".oops")).to_contain_text(taken)
    site.faults.clear()  # and about the status 409


async def test_settings_are_changed_as_the_form_says(site: Site) -> None:
    program = await site.api.program()
    page = await site.page()
    await page.goto(f"/programs/{program.id}/settings")
    await field(page, "title").fill("Sailors")
    await field(page, "defaultValidity").select_option("After 12 months")
    await field(page, "returnPolicy").select_option(
        [words for policy, words in RETURN_WORDS.items() if policy.value == "unlimited"]
    )
    await field(page, "allowSubledger").uncheck()
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_role("status").first).to_contain_text("saved")
    told = await _told(site, program)
    assert (told["title"], told["defaultValidity"]) == ("Sailors", "12M")
    assert (told["returnPolicy"], told["allowSubledger"]) == ("unlimited", False)


async def test_what_the_first_points_settle_is_told_and_stays(site: Site) -> None:
    program = await site.api.program(join_policy=JoinPolicy.POINTS_EARNED)
    await site.api.member(program)
    before = await _told(site, program)
    page = await site.page()
    await page.goto(f"/programs/{program.id}/settings")
    await expect(page.get_by_text("Settled since the first points")).to_be_visible()
    await expect(page.get_by_role("definition").filter(has_text="Allowed")).to_be_visible()
    await expect(page.get_by_role("definition").filter(has_text=JOIN)).to_be_visible()
    await expect(field(page, "programJoinPolicy")).to_have_count(0)
    await field(page, "title").fill("Sailors")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_role("status").first).to_contain_text("saved")
    assert await _told(site, program) == {**before, "title": "Sailors"}


async def test_what_the_form_does_not_show_stays(site: Site) -> None:
    program = await site.api.program()
    tiers = [{"name": "Gold", "minPoints": 100}]
    path = program_path(program)
    before = exact(await site.api.manager.put(path, json={"tiers": tiers}))
    page = await site.page()
    await page.goto(f"/programs/{program.id}/settings")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_role("status").first).to_contain_text("saved")
    assert await _told(site, program) == {**before, "programJoinPolicy": "not_join"}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_a_program_without_points_is_deleted_after_a_question(
    site: Site, *, scripts: bool
) -> None:
    program = await site.api.program()
    page = await site.page(java_script_enabled=scripts)
    await page.goto(f"/programs/{program.id}/settings")
    await page.get_by_role("link", name="Delete program").click()
    question = f"Delete {program.settings.title}?"
    await expect(page.get_by_role("heading", name=question)).to_be_visible()
    await page.get_by_role("button", name="Delete program").click()
    await expect(page.get_by_role("status").first).to_contain_text("is deleted")
    answer = await site.api.manager.get(program_path(program))
    assert answer.status_code == 404


async def test_a_program_with_points_stays(site: Site) -> None:
    program = await site.api.program()
    await site.api.member(program)
    page = await site.page()
    await page.goto(f"/programs/{program.id}/settings/delete")
    await expect(page.get_by_role("heading", name="This program stays")).to_be_visible()
    here = {"Sec-Fetch-Site": "same-origin"}
    answer = await page.request.post(f"/programs/{program.id}/settings/delete", headers=here)
    assert answer.status == 409
    assert (await _told(site, program))["id"] == program.id


@pytest.mark.parametrize("path", ["/programs/new", "/programs/{}/settings"])
async def test_only_admins_make_and_change_programs(site: Site, path: str) -> None:
    program = await site.api.program()
    person = await site.api.person(program, Role.MANAGER)
    page = await site.page(person.email)
    await page.goto("/programs")
    await expect(page.get_by_role("link", name="Create program")).to_have_count(0)
    answer = await page.request.get(path.format(program.id))
    assert answer.status == 403


async def test_subledgers_tell_what_they_hold_at_the_end_of_yesterday(site: Site) -> None:
    program = await site.api.program()
    await fill_days(site.api, program)
    page = await site.page()
    await page.goto(f"/programs/{program.id}/settings/subledgers")
    row = page.get_by_role("row").filter(has_text="partner-air")
    await expect(row.get_by_role("cell")).to_have_text(["partner-air", "1", "300", "0"])
    await row.get_by_role("link").click()
    await expect(page).to_have_url(f"{site.url}/programs/{program.id}?subledger=partner-air")
    await expect(page.get_by_role("definition").first).to_have_text("300")


@pytest.mark.parametrize(
    ("allowed", "says"), [(True, "No subledgers yet"), (False, "This program keeps one ledger")]
)
async def test_a_program_without_subledgers_says_how_they_come(
    site: Site, *, allowed: bool, says: str
) -> None:
    program = await site.api.program(allow_subledger=allowed)
    page = await site.page()
    await page.goto(f"/programs/{program.id}/settings/subledgers")
    await expect(page.get_by_role("heading", name=says)).to_be_visible()
