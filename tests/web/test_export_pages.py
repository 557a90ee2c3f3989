"""Exports by page: what is asked for, what the file holds, and who gets at it."""

import asyncio
import csv
import io
import re
from datetime import timedelta

import openpyxl
import pytest
from playwright.async_api import Locator, Page, expect

from api.harness import program_path
from services.harness import NOW, import_rows, new_name
from tallystick.core.programs import Program
from tallystick.services.export_work import remove_old_exports
from web.harness import Site
from web.world import written_export

BOXES = {"members": "Members", "points": "Point totals", "earned-redeemed": "Earned and redeemed"}
OURS = {"Sec-Fetch-Site": "same-origin"}  # a form of our own
FIRST = "#exports tbody tr:first-child"
NEWEST = "#exports tr.new"  # the one that was just asked for


@pytest.fixture
async def program(site: Site) -> Program:
    """A program with points from two days before NOW."""
    site.api.clock.now = NOW - timedelta(days=2)
    program = await site.api.program(title="Harbour Club")
    await import_rows(site.api.context, program, "ann,100", "bob,1.25")
    site.api.clock.now = NOW
    return program


def exports(program: Program, more: str = "") -> str:
    return f"/programs/{program.id}/exports{more}"


async def ask(page: Page) -> None:
    """Send the form, and wait until the file is there."""
    await page.get_by_role("button", name="Export", exact=True).click()
    await expect(page.locator(NEWEST).get_by_role("link", name="Download")).to_be_visible()


async def opened(page: Page) -> Locator:
    """The form, in a dialog above the page."""
    await page.get_by_role("main").get_by_role("link", name="Export", exact=True).first.click()
    return page.get_by_role("dialog", name="Export")


async def fetch(page: Page) -> tuple[str, bytes]:
    """The name and the content of the newest file."""
    async with page.expect_download() as download:
        await page.locator(NEWEST).get_by_role("link", name="Download").click()
    file = await download.value
    content = await asyncio.to_thread((await file.path()).read_bytes)
    return file.suggested_filename, content


# What a file holds


async def test_dashboard_data_is_what_the_api_gives_for_the_same_days(
    site: Site, program: Program
) -> None:
    page = await site.page()
    await page.goto(exports(program, "/new?range=7d&include=points"))
    await ask(page)
    name, content = await fetch(page)
    query = {"last": "7-days", "figures": "totals"}
    at_once = await site.api.manager.get(f"{program_path(program)}/dashboard/export", params=query)
    assert content == at_once.content
    assert f'filename="{name}"' in at_once.headers["Content-Disposition"]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "ndjson"])
async def test_balances_come_in_every_format(site: Site, program: Program, ending: str) -> None:
    page = await site.page()
    await page.goto(exports(program, "/new?kind=balances"))
    await page.get_by_label("Format").select_option(ending)
    await ask(page)
    name, content = await fetch(page)
    assert name.endswith(f".{ending}")
    query = {"format": ending, "safe": "true", "balances": ALL_BALANCES}
    path = f"{program_path(program)}/export_customer_balances"
    at_once = await site.api.manager.get(path, params=query)
    if ending == "xlsx":  # a workbook says when it was made
        assert _rows(content) == _rows(at_once.content)
    else:
        assert content == at_once.content


def _rows(workbook: bytes) -> list[tuple[object, ...]]:
    """The cells of the first sheet, row by row."""
    return list(openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0].values)


ALL_BALANCES = "currentBalance,pendingBalance,expiredBalance,spentBalance,negativeBalance"


async def test_balances_are_those_of_the_moment_that_clocks_of_the_program_show(site: Site) -> None:
    site.api.clock.now = NOW - timedelta(days=2)
    program = await site.api.program(timezone="America/New_York")
    member = new_name("member")  # of nobody else, whose entries would not go back in time
    await import_rows(site.api.context, program, f"{member},100")
    site.api.clock.now = NOW
    page = await site.page()
    for clock, points in (("2026-06-13T08:01", ["100.00"]), ("2026-06-13T07:59", [])):
        await page.goto(exports(program, "/new?kind=balances"))
        await page.locator("[name=at]").fill(clock)
        await ask(page)
        rows = csv.DictReader(io.StringIO((await fetch(page))[1].decode()))
        assert [row["currentBalance"] for row in rows] == points


async def test_transactions_of_one_member_are_alone_in_the_file(
    site: Site, program: Program
) -> None:
    page = await site.page()
    await page.goto(exports(program, "/new?kind=transactions&member=bob"))
    await ask(page)
    rows = list(csv.DictReader(io.StringIO((await fetch(page))[1].decode())))
    assert [(row["customerprofileid"], row["amount"]) for row in rows] == [("bob", "1.25")]
    await expect(page.locator(NEWEST)).to_contain_text("bob")


async def test_what_expires_is_listed_until_the_day_that_was_chosen(site: Site) -> None:
    program = await site.api.program()
    header = "customerprofileid,amount,expirydate"
    rows = "ann,1,2026-06-20T12:00:00Z", "ann,2,2026-06-21T12:00:00Z"
    await import_rows(site.api.context, program, *rows, header=header)
    page = await site.page()
    await page.goto(exports(program, "/new?kind=expiring"))
    await page.get_by_label("Until").fill("2026-06-20")
    await ask(page)
    found = list(csv.DictReader(io.StringIO((await fetch(page))[1].decode())))
    assert [row["expiringPoints"] for row in found] == ["1.00"]


@pytest.mark.parametrize(("safe", "name"), [(True, "'=cmd()"), (False, "=cmd()")])
async def test_a_name_that_a_spreadsheet_would_run_is_made_harmless(
    site: Site, *, safe: bool, name: str
) -> None:
    program = await site.api.program()
    await import_rows(site.api.context, program, "=cmd(),5")
    page = await site.page()
    await page.goto(exports(program, "/new?kind=balances"))
    box = page.get_by_role("checkbox", name="Safe for spreadsheets")
    await expect(box).to_be_checked()
    await box.set_checked(safe)
    await ask(page)
    [row] = csv.DictReader(io.StringIO((await fetch(page))[1].decode()))
    assert row["profileIntegrationID"] == name


# The form


@pytest.mark.parametrize(
    ("query", "ticked"),
    [
        ("include=members", {"members"}),
        ("include=points&include=earned-redeemed", {"points", "earned-redeemed"}),
        ("", set(BOXES)),
    ],
)
async def test_the_address_says_which_boxes_are_ticked(
    site: Site, program: Program, query: str, ticked: set[str]
) -> None:
    page = await site.page()
    await page.goto(exports(program, f"/new?kind=dashboard&{query}"))
    for name, label in BOXES.items():
        box = page.get_by_role("checkbox", name=re.compile(f"^{label}"))
        await expect(box).to_be_checked(checked=name in ticked)


async def test_a_preset_shows_its_days_and_days_of_ones_own_are_none(
    site: Site, program: Program
) -> None:
    page = await site.page()
    await page.goto(exports(program, "/new"))
    await page.get_by_label("Last 7 days").check()
    await expect(page.get_by_label("First day")).to_have_value("2026-06-08")
    await expect(page.get_by_label("Last day")).to_have_value("2026-06-14")
    await page.get_by_label("First day").fill("2026-06-12")
    await expect(page.get_by_label("Own dates")).to_be_checked()
    await ask(page)
    await expect(page.locator(NEWEST)).to_contain_text("Jun 12 \N{EN DASH} Jun 14, 2026")


@pytest.mark.parametrize(
    ("query", "field", "problem"),
    [
        ("kind=dashboard&from=2026-06-09&to=2026-06-01", "Last day", "not before the first"),
        ("kind=dashboard&from=2024-06-09&to=2026-06-01", "Last day", "at most 400 days"),
        ("kind=expiring", "Until", "Found nothing"),
        ("kind=transactions&member=nobody", "Member ID", "Found 'nobody'"),
        ("kind=transactions&from=2026-06-09&to=2026-06-01", "Before", "not before the first"),
    ],
)
@pytest.mark.parametrize("scripts", [True, False])
async def test_what_cannot_be_is_refused_at_its_field(
    site: Site, program: Program, query: str, field: str, problem: str, *, scripts: bool
) -> None:
    page = await site.page(java_script_enabled=scripts)
    await page.goto(exports(program, f"/new?{query}"))
    await page.get_by_role("button", name="Export", exact=True).click()
    label = page.get_by_label(field, exact=False).first
    await expect(label).to_have_attribute("aria-invalid", "true")
    await expect(page.locator(".field", has=page.locator("[aria-invalid]"))).to_contain_text(
        problem
    )
    site.faults.clear()  # a browser complains about the status 422


async def test_the_form_is_a_dialog_where_scripts_run(site: Site, program: Program) -> None:
    page = await site.page()
    await page.goto(exports(program))
    dialog = await opened(page)
    await dialog.get_by_role("link", name="Transactions").click()
    await dialog.get_by_label("Member ID").fill("nobody")
    await dialog.get_by_role("button", name="Export", exact=True).click()
    await expect(dialog.get_by_label("Member ID")).to_be_focused()
    await expect(dialog.get_by_label("Member ID")).to_have_value("nobody")
    await dialog.get_by_label("Member ID").fill("ann")
    await ask(page)
    await expect(dialog).not_to_be_visible()
    site.faults.clear()  # a browser complains about the status 422


async def test_closing_the_dialog_leaves_the_page_as_it_was(site: Site, program: Program) -> None:
    page = await site.page()
    await page.goto(exports(program))
    for closing in ("Close", "Cancel"):
        dialog = await opened(page)
        await dialog.locator(
            f"[data-close]:has-text('{closing}'), [aria-label='{closing}']"
        ).click()
        await expect(dialog).not_to_be_visible()
    await expect(page).to_have_url(f"{site.url}{exports(program)}")


# The history


async def test_the_history_tells_what_the_manifest_does(site: Site, program: Program) -> None:
    export_id = await written_export(site.api, program, "balances", format="ndjson")
    path = f"{program_path(program)}/exports/{export_id}/manifest"
    manifest = (await site.api.manager.get(path)).json()
    page = await site.page()
    await page.goto(exports(program))
    row = page.locator(FIRST)
    await expect(row.get_by_role("cell").nth(2)).to_have_text(str(manifest["rows"]))
    await expect(row.locator(f"code[title='{manifest['sha256']}']")).to_be_visible()
    for text in (manifest["fileName"], f"{manifest['fileSize']} bytes", "Tests", "Jun 22"):
        await expect(row).to_contain_text(text)


async def test_a_file_can_be_fetched_again_and_in_parts(site: Site, program: Program) -> None:
    export_id = await written_export(site.api, program)
    page = await site.page()
    path = exports(program, f"/{export_id}/download")
    whole = await (await page.request.get(path)).body()
    assert await (await page.request.get(path)).body() == whole
    part = await page.request.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status, await part.body()) == (206, whole[10:20])
    beyond = await page.request.get(path, headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status == 416
    assert beyond.headers["content-range"] == f"bytes */{len(whole)}"


async def test_older_exports_are_a_page_further(site: Site, program: Program) -> None:
    numbers = [await written_export(site.api, program) for _ in range(52)]
    page = await site.page()
    await page.goto(exports(program))
    await page.get_by_role("link", name="Older").click()
    downloads = page.get_by_role("link", name="Download")
    await expect(downloads).to_have_count(2)
    await expect(downloads.last).to_have_attribute(
        "href", exports(program, f"/{numbers[0]}/download")
    )
    await page.get_by_role("link", name="Newer").click()
    await expect(downloads).to_have_count(50)


async def test_a_deleted_file_is_gone(site: Site, program: Program) -> None:
    export_id = await written_export(site.api, program)
    page = await site.page()
    await page.goto(exports(program))
    await page.get_by_role("button", name="More for").click()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="No exports yet")).to_be_visible()
    gone = await page.request.get(exports(program, f"/{export_id}/download"))
    assert gone.status == 404


async def test_a_file_that_is_not_kept_any_more_can_be_asked_for_anew(
    site: Site, program: Program
) -> None:
    export_id = await written_export(site.api, program)
    site.api.clock.now = NOW + timedelta(days=8)
    await remove_old_exports(site.api.context)
    page = await site.page()
    await page.goto(exports(program))
    row = page.locator(FIRST)
    await expect(row).to_contain_text("No longer kept")
    await expect(row.get_by_role("link", name="Download")).to_have_count(0)
    await row.get_by_role("link", name="Export again").click()
    await expect(page.get_by_role("dialog", name="Export")).to_be_visible()
    gone = await page.request.get(exports(program, f"/{export_id}/download"))
    assert not gone.ok
    assert "ask for it anew" in await gone.text()


# Who gets at it


async def test_a_file_of_another_program_is_not_there(site: Site, program: Program) -> None:
    export_id = await written_export(site.api, program)
    other = await site.api.program()
    page = await site.page()
    for method, path in (("GET", "download"), ("POST", "delete")):
        answer = await page.request.fetch(
            exports(other, f"/{export_id}/{path}"), method=method, headers=OURS
        )
        assert answer.status == 404


async def test_whoever_may_not_take_files_out_gets_none(site: Site, program: Program) -> None:
    export_id = await written_export(site.api, program)
    page = await site.page(await site.person())
    for method, path in (
        ("GET", ""),
        ("GET", "/new"),
        ("POST", "/new?kind=balances"),
        ("GET", f"/{export_id}/download"),
        ("POST", f"/{export_id}/delete"),
    ):
        answer = await page.request.fetch(exports(program, path), method=method, headers=OURS)
        assert answer.status in {403, 404}, (method, path)


async def test_a_file_has_a_name_that_every_system_takes(site: Site) -> None:
    name = new_name('Günther "Club"/')
    program = await site.api.program(name=name)
    export_id = await written_export(site.api, program)
    page = await site.page()
    answer = await page.request.get(exports(program, f"/{export_id}/download"))
    told = answer.headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]+\.csv"', told)
