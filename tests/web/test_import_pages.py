"""Imports by page, from a file to points: good files, bad ones, strange ones, and many rows."""

import csv as csv_module
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from api.harness import Member
from services.harness import give_role
from tallystick.core.programs import Program
from tallystick.core.roles import Role
from tallystick.services.context import Limits
from web.harness import ADMIN, Site, running_site
from web.import_files import csv, import_file, send, told

HEADER = "customerprofileid,amount,startdate,expirydate,subledgerid,reason,validityDuration"
AN_IMPORT = re.compile(r"/imports/\d+$")


@pytest.fixture
async def program(site: Site) -> Program:
    """A program of the test's own, without members."""
    return await site.api.program()


async def choose(
    page: Page, program: Program, content: bytes, *, name: str = "points.csv", kind: str = "points"
) -> None:
    """Choose a file and have it checked."""
    await page.goto(f"/programs/{program.id}/imports/new?kind={kind}")
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    await page.get_by_label("Choose a file").set_input_files(file)  # type: ignore[arg-type]  # a plain dict does
    await page.get_by_role("button", name="Check file").click()
    await expect(page).to_have_url(AN_IMPORT)
    await expect(step(page)).not_to_have_text("1File")
    await expect(page.get_by_role("progressbar")).to_have_count(0)


def step(page: Page) -> Locator:
    """The step that the page is at."""
    return page.locator(".steps [aria-current]")


def note(page: Page) -> Locator:
    """What matters on the page."""
    return page.locator(".note").first


def cell(page: Page, line: int) -> Locator:
    """The wrong cell of a line."""
    return row(page, line).locator("td.err")


def row(page: Page, line: int) -> Locator:
    """The row of a line."""
    first = page.locator("td:first-child").filter(has_text=re.compile(f"^{line}$"))
    return page.locator("#rows tbody tr").filter(has=first)


def cause(page: Page, title: str) -> Locator:
    """The line of a cause."""
    return (
        page.get_by_role("group", name="What needs fixing")
        .get_by_role("row")
        .filter(has_text=title)
    )


async def active(site: Site, program: Program, name: str) -> Decimal | int:
    """What a member can spend."""
    balance = await Member(api=site.api, program=program, name=name).balance()
    return balance.get("active", 0)


@asynccontextmanager
async def held(site: Site, name: str) -> AsyncIterator[None]:
    """While it lasts, no import that has this member can come to its end."""
    async with site.api.context.database.transaction() as tx:
        await tx.execute("SELECT FROM holder WHERE integration_id = $1 FOR UPDATE", name)
        yield


# From a file to points


async def test_a_good_file_changes_balances_by_what_it_says(site: Site, program: Program) -> None:
    member = await site.api.member(program, points="100")
    page = await site.page()
    await choose(page, program, csv([f'"{member.name}",50.25', "new one,10"]))
    await expect(note(page)).to_contain_text("Every row can be imported")
    effects = page.get_by_role("region", name="If you import now")
    await expect(effects).to_contain_text("+60.25")
    await expect(effects).to_contain_text("1 is new and will be created")
    assert await active(site, program, member.name) == 100
    await page.get_by_role("button", name="Import 2 rows").click()
    await expect(note(page)).to_contain_text("2 rows added 60.25 points")
    await expect(step(page)).to_contain_text("Done")
    assert await active(site, program, member.name) == Decimal("150.25")


async def test_join_dates_are_a_kind_of_their_own(site: Site, program: Program) -> None:
    member = await site.api.member(program)
    page = await site.page()
    header = "customerprofileid,newjoindate"
    content = csv([f'"{member.name}",2025-02-14T08:00:00Z'], header)
    await choose(page, program, content, kind="join-dates")
    await page.get_by_role("button", name="Import 1 row").click()
    await expect(note(page)).to_contain_text("1 row set join dates")


async def test_it_all_works_without_scripts(site: Site, program: Program) -> None:
    page = await site.page(java_script_enabled=False)
    await choose(page, program, csv(["ann,5"]))
    await page.get_by_role("button", name="Import 1 row").click()
    await expect(note(page)).to_contain_text("1 row added 5 points")


async def test_a_file_can_be_dropped(site: Site, program: Program) -> None:
    page = await site.page()
    await page.goto(f"/programs/{program.id}/imports/new")
    dropped = await page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["customerprofileid,amount\\nann,5\\n"], "dropped.csv"));
          return data;
        }"""
    )
    await page.dispatch_event(".drop", "drop", {"dataTransfer": dropped})
    await page.get_by_role("button", name="Check file").click()
    await expect(page.get_by_text("dropped.csv").last).to_be_visible()
    await expect(note(page)).to_contain_text("Every row can be imported")


# What is wrong with rows

BAD_ROWS = [
    ("ann,,,,,,", "", "Cell is empty"),
    ("ann,n/a,,,,,", "n/a", "Amount isn’t a number"),  # noqa: RUF001 - as it is shown
    ('ann,"1,250",,,,,', "1,250", "Amount has separators"),
    ("ann,-50,,,,,", "-50", "Amount isn’t above zero"),  # noqa: RUF001 - as it is shown
    ("ann,1e5,,,,,", "1e5", "Amount has an exponent"),
    ("ann,1.234,,,,,", "1.234", "Amount has too many decimals"),
    ("ann,1000000000000,,,,,", "1000000000000", "Amount is too large"),
    ("ann,5,31.12.2026,,,,", "31.12.2026", "Order of day and month is in doubt"),
    ("ann,5,46054,,,,", "46054", "Date is a spreadsheet’s number"),  # noqa: RUF001 - as it is shown
    ("ann,5,30D,,,,", "30D", "Duration in a date’s place"),  # noqa: RUF001 - as it is shown
    ("ann,5,soon,,,,", "soon", "Date can’t be read"),  # noqa: RUF001 - as it is shown
    ("ann,5,,2020-01-01T00:00:00Z,,,", "2020-01-01T00:00:00Z", "Expires before it starts"),
    ("ann,5,,,,,30X", "30X", "Duration can’t be read"),  # noqa: RUF001 - as it is shown
    ("ann,5,,unlimited,,,30D", "30D", "Expiry and validity at once"),
    ("ann,5,,, shop ,,", "shop", "Blanks around the text"),
    ("ann,5,,,,,,,", "", "Row has too many cells"),
    ("ann,5", "", "Row has too few cells"),
    (f"ann,5,,,{'s' * 65},,", "s" * 57, "Text is too long"),
]


async def test_each_kind_of_bad_row_is_counted_marked_and_explained(
    site: Site, program: Program
) -> None:
    page = await site.page()
    await choose(page, program, csv([row for row, _, _ in BAD_ROWS] + ["bob,5,,,,,"], HEADER))
    await expect(note(page)).to_contain_text(f"{len(BAD_ROWS)} rows can")
    for line, (_, found, title) in enumerate(BAD_ROWS, 2):
        await expect(cell(page, line)).to_contain_text(found)
        await expect(row(page, line).locator("td.says")).to_contain_text("Found ")
        await expect(cause(page, title).locator("td.r.b")).to_have_text("1")


async def test_the_error_report_mended_and_sent_again_is_clean(
    site: Site, program: Program
) -> None:
    page = await site.page()
    await choose(page, program, csv(["ann,5", 'bob,"1,250"', "cid,n/a"]))
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Error report").click()
    report = await (await download.value).path()
    rows = list(csv_module.reader(io.StringIO(report.read_text("utf-8-sig"))))
    assert [line[0] for line in rows] == ["line", "3", "4"]
    mended = io.StringIO()
    csv_module.writer(mended).writerows([rows[0], [*rows[1][:-1], "1250"], [*rows[2][:-1], "7"]])
    await choose(page, program, mended.getvalue().encode())
    await page.get_by_role("button", name="Import 2 rows").click()
    await expect(note(page)).to_contain_text("2 rows added 1,257 points")


async def test_with_errors_neither_choice_is_made_for_anybody(site: Site, program: Program) -> None:
    page = await site.page()
    await choose(page, program, csv(["ann,5", "bob,n/a"]))
    await expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    await page.get_by_label("Wait until every row is right").check()
    await page.get_by_role("button", name="Continue").click()
    await expect(note(page)).to_contain_text("Nothing was imported")
    await page.get_by_role("link", name="Continue with points.csv").click()
    await page.get_by_label("Import the 1 good row").check()
    await page.get_by_role("button", name="Import 1 row").click()
    await expect(note(page)).to_contain_text("1 row added 5 points")
    await expect(page.get_by_text("1 skipped, as they had errors")).to_be_visible()
    await expect(page.get_by_role("link", name="Error report")).to_be_visible()


async def test_an_import_that_was_refused_says_why(site: Site, program: Program) -> None:
    import_id = await import_file(site.api, program, csv(["ann,5", "bob,n/a"]))
    page = await site.page()
    await page.goto(f"/programs/{program.id}/imports/{import_id}")
    await expect(note(page)).to_contain_text("Nothing was imported: 1 problem in the file")
    await expect(step(page)).to_contain_text("Check")
    await expect(cell(page, 3)).to_have_text("n/a")


@pytest.mark.parametrize(
    ("document", "section"),
    [("docs/errors.md", "## Problems of rows"), ("docs/imports.md", "## Warnings")],
    ids=["problems", "warnings"],
)
def test_each_cause_has_words_of_its_own(document: str, section: str) -> None:
    text = Path(document).read_text("utf-8").partition(section)[2].partition("\n## ")[0]
    codes = re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE)
    words = Path("src/tallystick/web/templates/import_causes.html").read_text("utf-8")
    assert len(codes) >= 5
    assert [code for code in codes if f"'{code}': " not in words] == []


async def test_which_rows_are_shown_stands_in_the_address(site: Site, program: Program) -> None:
    rows = [f"m{n},n/a" for n in range(30)] + ["ann,5", "ann,5", "bob,-1"]
    import_id = await send(site.api, program, csv(rows))
    page = await site.page()
    await page.goto(f"/programs/{program.id}/imports/{import_id}")
    await expect(row(page, 2)).to_be_visible()
    await page.get_by_role("link", name="Next").click()
    await expect(row(page, 27)).to_be_visible()
    await page.get_by_role("link", name="Previous").click()
    await expect(row(page, 2)).to_be_visible()
    await page.get_by_role("link", name="Show rows: Amount isn").nth(1).click()
    await expect(page.locator("#rows tbody tr")).to_have_count(1)
    await expect(cell(page, 34)).to_have_text("-1")
    await page.get_by_role("link", name="Warnings 1").click()
    await expect(row(page, 33)).to_contain_text("is it meant twice?")
    await page.reload()
    await expect(row(page, 33)).to_be_visible()
    await page.get_by_role("link", name="All 33").click()
    await expect(page.locator("#rows tbody tr")).to_have_count(25)


async def test_names_and_cells_are_shown_as_text(site: Site, program: Program) -> None:
    page = await site.page()
    content = csv(
        ["<b>ann</b>,5,<script>alert(1)</script>\N{PARTY POPPER}", "bob,x,"],
        "customerprofileid,amount,reason",
    )
    await choose(page, program, content, name="<i>points</i>.csv")
    await page.get_by_role("link", name="All 2").click()
    await expect(page.get_by_text("<b>ann</b>")).to_be_visible()
    await expect(page.get_by_text("<script>alert(1)</script>\N{PARTY POPPER}")).to_be_visible()
    await expect(page.get_by_text("<i>points</i>.csv")).to_be_visible()


# Strange files

GOOD_FILES = {
    "semicolons": b"customerprofileid;amount\nann;5\n",
    "tabs": b"customerprofileid\tamount\nann\t5\n",
    "a mark and the line ends of Windows": b"\xef\xbb\xbfcustomerprofileid,amount\r\nann,5\r\n",
    "UTF-16": "customerprofileid,amount\nann,5\n".encode("utf-16"),
    "capitals": b"CustomerProfileID,AMOUNT\nann,5\n",
}


@pytest.mark.parametrize("content", GOOD_FILES.values(), ids=GOOD_FILES.keys())
async def test_what_spreadsheets_make_of_a_file_is_read(
    site: Site, program: Program, content: bytes
) -> None:
    page = await site.page()
    await choose(page, program, content)
    await expect(note(page)).to_contain_text("Every row can be imported")
    await expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()


WRONG_FILES = {
    "Latin-1": (
        "customerprofileid,amount\nJosé,5\nann,5\n".encode("latin-1"),
        "1 row can",
        "Save the file as CSV UTF-8",
    ),
    "a quoted line break": (
        b'customerprofileid,amount,reason\nann,5,"two\nlines"\nbob,5,\n',
        "1 row can",
        "Write it on one line",
    ),
    "a spreadsheet": (b"\xd0\xcf\x11\xe0 sheet", "This file can", "Save it as CSV UTF-8"),
    "an unknown column": (
        b"customerprofileid,points\nann,5\n",
        "This file can",
        "Add a column named amount",
    ),
    "a picture": (
        b"\x89PNG\x00,\x01\r\n\x1a\n\x00\x00",
        "This file can",
        "Save the file as CSV UTF-8",
    ),
}


@pytest.mark.parametrize(("content", "said", "cure"), WRONG_FILES.values(), ids=WRONG_FILES.keys())
async def test_a_file_that_is_none_is_told_with_its_cure(
    site: Site, program: Program, content: bytes, said: str, cure: str
) -> None:
    page = await site.page()
    await choose(page, program, content)
    await expect(note(page)).to_contain_text(said)
    await expect(page.get_by_role("group", name="What needs fixing")).to_contain_text(cure)


async def test_a_file_without_rows_cannot_be_imported(site: Site, program: Program) -> None:
    page = await site.page()
    await choose(page, program, csv([]))
    await expect(note(page)).to_contain_text("no rows below its header")
    await expect(page.get_by_role("button", name=re.compile("^Import"))).to_have_count(0)


async def test_a_file_that_is_too_large_is_refused_with_its_cure(
    database_url: str, browser: Browser
) -> None:
    limits = Limits(upload_bytes_max=1_000)
    async with running_site(database_url, browser, limits=limits) as site:
        program = await site.api.program()
        for scripts in (True, False):
            page = await site.page(java_script_enabled=scripts)
            await page.goto(f"/programs/{program.id}/imports/new")
            file = {"name": "large.csv", "mimeType": "text/csv", "buffer": b"x" * 1_001}
            await page.get_by_label("Choose a file").set_input_files(file)  # type: ignore[arg-type]  # a plain dict does
            await page.get_by_role("button", name="Check file").click()
            cure = "Compress it to .gz" if scripts else "at most 1,000 bytes"
            await expect(page.get_by_role("alert")).to_contain_text(cure)
            await page.context.close()


# While it runs


async def test_many_rows_show_their_progress_and_come_all_at_once(
    site: Site, program: Program
) -> None:
    member = await site.api.member(program, points="1")
    rows = [f"customer {n},10" for n in range(99_999)]
    page = await site.page()
    await choose(page, program, csv([f'"{member.name}",10', *rows]))
    await expect(page.get_by_role("region", name="If you import now")).to_contain_text("+1,000,000")
    async with held(site, member.name):
        await page.get_by_role("button", name="Import 100,000 rows").click()
        await expect(page.get_by_role("progressbar")).to_be_visible()
        await expect(page.get_by_text("All rows are read and are being entered")).to_be_visible(
            timeout=20_000
        )
        assert await active(site, program, member.name) == 1
    await expect(note(page)).to_contain_text("100,000 rows added 1,000,000 points", timeout=30_000)
    await expect(page.get_by_role("progressbar")).to_have_count(0)
    assert await active(site, program, member.name) == 11


async def test_whoever_leaves_while_it_runs_finds_it_done(site: Site, program: Program) -> None:
    member = await site.api.member(program)
    page = await site.page()
    await choose(page, program, csv([f'"{member.name}",10']))
    async with held(site, member.name):
        await page.get_by_role("button", name="Import 1 row").click()
        await expect(page.get_by_text("You can leave this page")).to_be_visible()
        await page.get_by_role("link", name="Imports", exact=True).first.click()
        await expect(page.get_by_role("region", name="points.csv")).to_contain_text("Importing")
    await expect(page.get_by_role("row").filter(has_text="points.csv").first).to_contain_text(
        "Imported"
    )
    await expect(page.get_by_role("progressbar")).to_have_count(0)


async def test_each_step_survives_a_reload_and_the_way_back(site: Site, program: Program) -> None:
    page = await site.page()
    await choose(page, program, csv(["ann,5"]))
    await page.reload()
    await expect(step(page)).to_contain_text("Check")
    await page.go_back()
    await expect(step(page)).to_contain_text("File")
    await page.go_forward()
    await page.get_by_role("button", name="Import 1 row").click()
    await expect(step(page)).to_contain_text("Done")
    await page.reload()
    await expect(note(page)).to_contain_text("1 row added 5 points")
    await page.go_back()
    await page.go_forward()
    await expect(note(page)).to_contain_text("1 row added 5 points")
    assert await active(site, program, "ann") == 5


async def test_the_second_of_two_tabs_imports_nothing_more(site: Site, program: Program) -> None:
    first, second = await site.page(), await site.page()
    await choose(first, program, csv(["ann,5"]))
    await second.goto(first.url)
    await first.get_by_role("button", name="Import 1 row").click()
    await expect(step(first)).to_contain_text("Done")
    await second.get_by_role("button", name="Import 1 row").click()
    await expect(second.get_by_role("alert")).to_contain_text("found the state imported")
    await expect(step(second)).to_contain_text("Done")
    assert await active(site, program, "ann") == 5
    site.faults.clear()  # a browser complains about the status 409


async def test_the_same_file_is_warned_of_with_who_sent_it_before(
    site: Site, program: Program
) -> None:
    content, page = csv(["ann,5"]), await site.page()
    await choose(page, program, content)
    await page.get_by_role("button", name="Import 1 row").click()
    await expect(step(page)).to_contain_text("Done")
    number = page.url.rpartition("/")[2]
    await choose(page, program, content, name="copy.csv")
    said = f"This file was imported on Jun 15 by {ADMIN} as #{number}."
    await expect(page.get_by_text(said)).to_be_visible()
    await page.get_by_role("link", name=f"Open #{number}").click()
    await expect(page).to_have_url(re.compile(f"/imports/{number}$"))


# The history


async def test_a_program_without_imports_says_how_to_begin(site: Site, program: Program) -> None:
    page = await site.page()
    await page.goto(f"/programs/{program.id}/imports")
    await expect(page.get_by_role("heading", name="No imports yet")).to_be_visible()
    await page.goto(f"/programs/{program.id}/imports?kind=join-dates")
    await expect(page.get_by_role("heading", name="No imports of join dates")).to_be_visible()


async def test_files_can_be_fetched_again(site: Site, program: Program) -> None:
    content = csv(["ann,5"])
    import_id = await import_file(site.api, program, content)
    page = await site.page()
    base = f"/programs/{program.id}/imports"
    assert await (await page.request.get(f"{base}/{import_id}/file")).body() == content
    sample = await page.request.get(f"{base}/sample?kind=join-dates")
    assert (await sample.text()).startswith("customerprofileid,newjoindate")


async def test_a_file_that_was_not_imported_can_be_checked_again_or_deleted(
    site: Site, program: Program
) -> None:
    import_id = await send(site.api, program, csv(["ann,5"]), start="nothing")
    page = await site.page()
    await page.goto(f"/programs/{program.id}/imports/{import_id}")
    await page.get_by_role("button", name="Check file").click()
    await expect(page.get_by_role("button", name="Check again")).to_be_visible()
    await page.get_by_role("button", name="Delete file").click()
    await expect(note(page)).to_contain_text(f"The file of import #{import_id} was deleted")
    await expect(page.get_by_role("heading", name="No imports yet")).to_be_visible()


async def test_whoever_is_no_admin_is_told_who_may(site: Site, program: Program) -> None:
    import_id = await import_file(site.api, program, csv(["ann,5"]))
    email = await site.person()
    await give_role(site.api.context, await site.user_id(email), program, Role.MANAGER)
    page = await site.page(email)
    base = f"/programs/{program.id}/imports"
    for path in ("", "/new", f"/{import_id}", f"/{import_id}/undo", f"/{import_id}/file"):
        answer = await page.request.get(base + path, fail_on_status_code=False)
        assert answer.status == 403
        assert "ask an admin" in await answer.text()
    refused = await page.request.post(
        f"{base}/{import_id}/undo", form={}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert refused.status == 403
    assert (await told(site.api, program, import_id))["state"] == "imported"
    await page.goto("/programs")
    await expect(page.get_by_role("link", name="Imports")).to_have_count(0)
