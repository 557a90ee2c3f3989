"""Four eyes by page: what waits says so beforehand, is looked at by somebody else, and decided."""

import re
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, expect

from api.harness import Member, exact, in_path, program_path
from services.harness import give_role
from tallystick.core.approvals import FourEyes
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.core.roles import Role
from tallystick.services.four_eyes import four_eyes, set_four_eyes
from web.harness import ADMIN, PHONE, Site
from web.import_files import csv, told

ALL_WAITS = FourEyes(imports_wait=True, points_from=Points(50_00))
AN_APPROVAL = re.compile(r"/approvals/\d+$")
AN_IMPORT = re.compile(r"/imports/\d+$")
FILE = csv(["ann,5", "ben,7.50"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A program in which all waits that can, a member with 100 points, and who decides."""

    site: Site
    program: Program
    member: Member
    other: str

    @property
    def path(self) -> str:
        """Where the program's pages are."""
        return f"/programs/{self.program.id}"

    @property
    def member_path(self) -> str:
        """Where the member's page is."""
        return f"{self.path}/members/{in_path(self.member.name)}"

    async def active(self) -> object:
        """What the member can spend."""
        return (await self.member.balance()).get("active", 0)


@pytest.fixture(scope="module")
async def other(module_site: Site) -> str:
    """The address of a second admin."""
    return await module_site.person(is_admin=True)


@pytest.fixture
async def desk(site: Site, other: str) -> Desk:
    """A desk of the test's own."""
    program = await site.api.program()
    await set_four_eyes(site.api.context, None, program.id, ALL_WAITS)
    member = await site.api.member(program)
    return Desk(site=site, program=program, member=member, other=other)


def note(page: Page) -> Locator:
    """What was done, or matters, on the page."""
    return page.locator(".note").first


async def ask_to_add(page: Page, desk: Desk, points: str = "60") -> str:
    """Add points by the form; the address of the request comes back."""
    await page.goto(f"{desk.member_path}/add")
    await page.get_by_label("Points").fill(points)
    await page.get_by_label("Reason").fill("Sorry for the delay")
    await page.get_by_role("button", name="Add points").click()
    await expect(page).to_have_url(AN_APPROVAL)
    return page.url


async def send_file(page: Page, desk: Desk) -> str:
    """Send a file that is checked and ready; the address of its import comes back."""
    await page.goto(f"{desk.path}/imports/new?kind=points")
    file = {"name": "autumn.csv", "mimeType": "text/csv", "buffer": FILE}
    await page.get_by_label("Choose a file").set_input_files(file)  # type: ignore[arg-type]  # a plain dict does
    await page.get_by_role("button", name="Check file").click()
    await expect(page).to_have_url(AN_IMPORT)
    await expect(page.get_by_role("button", name="Import 2 rows")).to_be_visible()
    return page.url


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_points_wait_and_are_added_by_somebody_else(desk: Desk, *, scripts: bool) -> None:
    page = await desk.site.page(java_script_enabled=scripts)
    address = await ask_to_add(page, desk)
    await expect(note(page)).to_contain_text("This waits for approval by somebody else")
    await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    await expect(page.get_by_role("button", name="Withdraw")).to_be_visible()
    assert await desk.active() == 100
    decider = await desk.site.page(desk.other, java_script_enabled=scripts)
    await decider.goto(desk.path)
    await expect(decider.get_by_role("link", name="Approvals 1 waits for you")).to_be_visible()
    await decider.goto(f"{desk.path}/approvals")
    await decider.get_by_role("link", name="Decide on: Add 60 points").click()
    await expect(decider).to_have_url(address)
    for text in (desk.member.name, "+60", "Sorry for the delay", "100 → 160"):
        await expect(decider.locator("main")).to_contain_text(text)
    await decider.get_by_label("Note").fill("As agreed")
    await decider.get_by_role("button", name="Approve and add 60 points").click()
    await expect(note(decider)).to_contain_text(re.compile(r"Request #\d+ is approved\."))
    await expect(decider.get_by_role("group", name="Decided")).to_contain_text("As agreed")
    assert await desk.active() == 160
    await page.goto(address)
    await expect(page.locator("main")).to_contain_text("As agreed")
    await page.get_by_role("link", name=re.compile("^[0-9a-f-]{36}$")).click()
    await expect(page.locator("main")).to_contain_text(re.compile(r"Approved\s*Request #\d+"))


async def test_the_form_says_beforehand_that_it_will_wait(desk: Desk) -> None:
    page = await desk.site.page()
    await page.goto(f"{desk.member_path}/add")
    await page.get_by_label("Reason").fill("Sorry for the delay")
    await page.get_by_label("Points").fill("49")
    preview = page.locator("#preview")
    await expect(preview).to_contain_text("100 → 149")
    await expect(preview).not_to_contain_text("approval")
    await page.get_by_label("Points").fill("50")
    await expect(preview).to_contain_text("So many points wait for approval by somebody else first")


async def test_whoever_asked_can_withdraw(desk: Desk) -> None:
    page = await desk.site.page()
    await ask_to_add(page, desk)
    await page.get_by_role("button", name="Withdraw").click()
    await expect(note(page)).to_contain_text("is withdrawn. Nothing was done.")
    await expect(page.get_by_role("group", name="Decided")).to_contain_text("Withdrawn")
    assert await desk.active() == 100


async def test_a_rejection_says_why(desk: Desk) -> None:
    page = await desk.site.page()
    address = await ask_to_add(page, desk)
    decider = await desk.site.page(desk.other)
    await decider.goto(address)
    await decider.get_by_label("Note").fill("Ask them first")
    await decider.get_by_role("button", name="Reject").click()
    await page.goto(address)
    await expect(page.locator("main")).to_contain_text("Ask them first")
    assert await desk.active() == 100


async def test_what_cannot_be_done_now_is_said_and_waits_on(desk: Desk) -> None:
    page = await desk.site.page()
    await page.goto(f"{desk.member_path}/deduct")
    await page.get_by_label("Points").fill("60")
    await page.get_by_label("Reason").fill("Back")
    await page.get_by_role("button", name="Deduct points").click()
    await expect(page).to_have_url(AN_APPROVAL)
    assert (await desk.member.deduct(90)).is_success
    decider = await desk.site.page(desk.other)
    await decider.goto(page.url)
    await expect(note(decider)).to_contain_text("As things are it can")
    await decider.get_by_role("button", name="Approve and deduct 60 points").click()
    await expect(note(decider)).to_contain_text("waits on, as it cannot be done now")
    await expect(decider.get_by_role("button", name="Reject")).to_be_visible()
    desk.site.faults.clear()  # the browser notes the answer 409


async def test_two_who_decide_at_once_are_told_apart(desk: Desk) -> None:
    page = await desk.site.page()
    address = await ask_to_add(page, desk)
    first, second = [await desk.site.page(desk.other) for _ in range(2)]
    for each in (first, second):
        await each.goto(address)
    await first.get_by_role("button", name="Reject").click()
    await expect(note(first)).to_contain_text("is rejected")
    await second.get_by_role("button", name="Approve and add").click()
    await expect(note(second)).to_contain_text("was rejected already")
    assert await desk.active() == 100
    desk.site.faults.clear()  # the browser notes the answer 409


@pytest.mark.parametrize(
    "options",
    [{}, {"color_scheme": "dark"}, {"java_script_enabled": False},
     {"viewport": {"width": PHONE, "height": 800}}],
    ids=["light", "dark", "no scripts", "phone"],
)  # fmt: skip
async def test_an_import_waits_and_is_done_once_approved(
    desk: Desk, options: dict[str, object]
) -> None:
    page = await desk.site.page()
    address = await send_file(page, desk)
    await expect(page.locator("main")).to_contain_text("Somebody else has to approve the import")
    await page.get_by_role("button", name="Import 2 rows").click()
    await expect(note(page)).to_contain_text("The import waits for approval by somebody else")
    await expect(page.get_by_role("button", name="Import 2 rows")).to_have_count(0)
    await expect(page.get_by_role("button", name="Delete file")).to_have_count(0)
    await expect(page.get_by_role("button", name="Withdraw")).to_be_visible()
    await page.goto(f"{desk.path}/imports")
    await expect(page.get_by_role("row").filter(has_text="autumn.csv")).to_contain_text(
        "Waits for approval"
    )
    decider = await desk.site.page(desk.other, **options)
    await decider.goto(address)
    await decider.get_by_role("link", name="Look at it and decide").click()
    for text in ("autumn.csv", "2 good", "+12.50"):
        await expect(decider.locator("main")).to_contain_text(text)
    assert await decider.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await decider.get_by_role("button", name="Approve and import").click()
    await expect(note(decider)).to_contain_text("is approved")
    await page.goto(address)
    await expect(page.locator("main")).to_contain_text("2 rows added 12.50 points")


async def test_an_undo_waits_and_is_done_once_approved(desk: Desk) -> None:
    answer = await desk.site.api.manager.post(
        f"{program_path(desk.program)}/imports?start=check", files={"upFile": ("a.csv", FILE)}
    )
    await set_four_eyes(desk.site.api.context, None, desk.program.id, FourEyes())
    number = exact(answer)["id"]
    page = await desk.site.page()
    await page.goto(f"{desk.path}/imports/{number}")
    await page.get_by_role("button", name="Import 2 rows").click()
    await expect(page.locator("main")).to_contain_text("added 12.50 points")
    await set_four_eyes(desk.site.api.context, None, desk.program.id, ALL_WAITS)
    await page.goto(f"{desk.path}/imports/{number}/undo")
    await expect(page.locator("main")).to_contain_text("Somebody else has to approve the undo")
    await page.get_by_role("button", name="Undo import").click()
    await expect(note(page)).to_contain_text("The undo waits for approval by somebody else")
    await expect(page.get_by_role("link", name="Undo", exact=True)).to_have_count(0)
    await page.goto(f"{desk.path}/imports/{number}/undo")
    await expect(page).to_have_url(AN_IMPORT)
    decider = await desk.site.page(desk.other)
    await decider.goto(f"{desk.path}/approvals")
    await decider.get_by_role("link", name="Decide on: Undo import").click()
    await expect(decider.locator("main")).to_contain_text("Are left alone")
    await decider.get_by_role("button", name="Approve and undo").click()
    await expect(note(decider)).to_contain_text("is approved")
    await page.goto(f"{desk.path}/imports/{number}")
    await expect(page.locator("main")).to_contain_text("This import was undone")
    assert (await told(desk.site.api, desk.program, number))["state"] == "undone"


async def test_an_activation_waits(desk: Desk) -> None:
    assert (await desk.member.add(80, pendingDuration="on_action")).is_success
    page = await desk.site.page()
    await page.goto(desk.member_path)
    await page.locator("#log tbody tr").first.get_by_role("link").first.click()
    await page.get_by_role("link", name="Activate now").click()
    await page.get_by_role("button", name="Activate 80 points").click()
    await expect(note(page)).to_contain_text("This activation waits for approval")
    decider = await desk.site.page(desk.other)
    await decider.goto(page.url)
    await decider.get_by_role("button", name="Approve and activate").click()
    await expect(note(decider)).to_contain_text("is approved")
    assert await desk.active() == 180


async def test_what_waits_is_chosen_in_the_settings_and_less_waits_itself(
    site: Site, other: str
) -> None:
    program = await site.api.program()
    settings = f"/programs/{program.id}/settings"
    page = await site.page()
    await page.goto(settings)
    await expect(page.locator("main")).to_contain_text("Nothing waits")
    await expect(page.get_by_role("link", name="Approvals")).to_have_count(0)
    await page.get_by_role("link", name="Change what waits").click()
    dialog = page.get_by_role("dialog", name="Four eyes")
    await dialog.get_by_label("Imports and undos wait").check()
    await dialog.get_by_label("Changes by hand wait from").fill("500")
    await dialog.get_by_role("button", name="Save").click()
    await expect(note(page)).to_contain_text("What waits for approval is saved")
    await expect(page.locator("main")).to_contain_text("from 500 points on")
    await expect(page.get_by_role("link", name="Approvals")).to_be_visible()
    await page.goto(f"{settings}/four-eyes")
    await page.get_by_label("Changes by hand wait from").fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(note(page)).to_contain_text("To let less wait waits for approval")
    assert (await four_eyes(site.api.context, program.id)).points_from == 500_00
    decider = await site.page(other)
    await decider.goto(settings)
    await decider.get_by_role("link", name="Look at it").click()
    await expect(decider.locator("main")).to_contain_text("Changes by hand from 500 points on")
    await decider.get_by_role("button", name="Approve and change").click()
    await expect(note(decider)).to_contain_text("is approved")
    assert await four_eyes(site.api.context, program.id) == FourEyes(imports_wait=True)


async def test_a_wrong_limit_is_marked(site: Site) -> None:
    program = await site.api.program()
    page = await site.page()
    await page.goto(f"/programs/{program.id}/settings/four-eyes")
    await page.get_by_label("Changes by hand wait from").fill("many")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Changes by hand wait from")).to_have_attribute(
        "aria-invalid", "true"
    )
    site.faults.clear()  # the browser notes the answer 422


async def test_support_sees_points_that_wait_and_decides_nothing(desk: Desk) -> None:
    page = await desk.site.page()
    address = await ask_to_add(page, desk)
    await send_file(page, desk)
    await page.get_by_role("button", name="Import 2 rows").click()
    await expect(note(page)).to_contain_text("waits for approval")
    email = await desk.site.person()
    user_id = await desk.site.user_id(email)
    await give_role(desk.site.api.context, user_id, desk.program, Role.SUPPORT)
    support = await desk.site.page(email)
    await support.goto(f"{desk.path}/approvals")
    waiting = support.get_by_role("group", name="Waiting")
    await expect(waiting).to_contain_text("Add 60 points")
    await expect(waiting).not_to_contain_text("autumn.csv")
    await expect(support.get_by_role("link", name=re.compile("for you"))).to_have_count(0)
    await support.goto(address)
    await expect(support.get_by_role("button", name=re.compile("Approve|Reject"))).to_have_count(0)
    await expect(support.locator("main")).to_contain_text("Somebody else decides")


async def test_the_audit_tells_who_asked_and_who_approved(desk: Desk) -> None:
    page = await desk.site.page()
    address = await ask_to_add(page, desk)
    decider = await desk.site.page(desk.other)
    await decider.goto(address)
    await decider.get_by_role("button", name="Approve and add").click()
    await expect(note(decider)).to_contain_text("is approved")
    number = address.rpartition("/")[2]
    await page.goto(f"/account/audit?object={program_path(desk.program)}/approvals/{number}")
    rows = page.get_by_role("group", name="Entries").get_by_role("row")
    await expect(rows.nth(1)).to_contain_text(desk.other)
    await expect(rows.nth(1)).to_contain_text("approved")
    await expect(rows.nth(2)).to_contain_text(ADMIN)
    await expect(rows.nth(2)).to_contain_text(f"Approval {number}")
