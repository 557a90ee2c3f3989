"""The history of imports, and the rows of a file that was checked."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.harness import NOW, new_name
from tallystick.core.errors import InvalidField, NotFound
from tallystick.core.ids import ImportId
from tallystick.core.import_jobs import ImportJob, Progress, progress_of
from tallystick.core.paging import Place
from tallystick.core.programs import Program
from tallystick.services.accounts import create_user
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context
from tallystick.services.import_history import History, import_details, import_history
from tallystick.services.import_jobs import create_job, keep_upload
from tallystick.services.import_rows import RowsPage, Shown, list_rows
from tallystick.services.import_work import work_on
from tallystick.services.undo import undo_import

BAD = "customerprofileid,amount,line\nann,1,9\nbob,x,\ncid,y,\n\ndan,5,\ndan,5,\neve,-1,\n"


@pytest.fixture
def books(shared: Context, tmp_path: Path) -> Context:
    """The context with a folder for files."""
    return replace(shared, import_folder=tmp_path)


async def sent(
    books: Context,
    program: Program,
    text: str = "customerprofileid,amount\nann,5\n",
    **more: object,
) -> ImportJob:
    """A file that was sent, once the work on it is done."""
    given = {"format_name": "points", "caller": None, "state": "uploaded"} | more
    upload = keep_upload(books, io.BytesIO(text.encode()), name="points.csv")
    job = await create_job(books, program, upload, **given)  # type: ignore[arg-type]  # by name
    return await work_on(books, program, job.import_id)


async def page(
    books: Context, program: Program, *, kind: str | None = None, **place: str | None
) -> History:
    """Two imports of the history."""
    return await import_history(
        books, program.id, format_name=kind, place=Place(**place), page_size=2
    )


def ids(history: History) -> list[int]:
    """Which imports are on a page."""
    return [record.job.import_id for record in history.at_rest.rows]


async def test_the_history_is_read_by_key_and_newest_first(
    books: Context, program: Program
) -> None:
    a, b, c, d, e = [(await sent(books, program)).import_id for _ in range(5)]
    first = await page(books, program)
    assert (ids(first), first.at_rest.before) == ([e, d], None)
    second = await page(books, program, after=first.at_rest.after)
    assert ids(second) == [c, b]
    last = await page(books, program, after=second.at_rest.after)
    assert (ids(last), last.at_rest.after) == ([a], None)
    assert ids(await page(books, program, before=last.at_rest.before)) == [c, b]


async def test_the_history_can_be_of_one_kind(books: Context, program: Program) -> None:
    points = await sent(books, program)
    dates = await sent(books, program, format_name="join-dates")
    assert ids(await page(books, program, kind="points")) == [points.import_id]
    assert ids(await page(books, program, kind="join-dates")) == [dates.import_id]


async def test_what_waits_is_apart(books: Context, program: Program) -> None:
    upload = keep_upload(books, io.BytesIO(b"customerprofileid,amount\nann,5\n"), name="a.csv")
    job = await create_job(books, program, upload, format_name="points", caller=None)
    history = await page(books, program)
    assert [record.job.import_id for record in history.at_work] == [job.import_id]
    assert ids(history) == []
    await work_on(books, program, job.import_id)
    assert ids(await page(books, program)) == [job.import_id]


async def test_the_history_tells_who_sent_a_file_and_when_it_was_undone(
    books: Context, program: Program
) -> None:
    email = f"{new_name('person').replace(' ', '')}@example.com"
    user_id = await create_user(books, email=email, password="a long password", is_admin=True)
    caller = Caller(kind=CallerKind.PERSON, user_id=user_id, is_admin=True)
    job = await sent(books, program, state="importing", caller=caller)
    await undo_import(books, program, job.import_id)
    [record] = (await page(books, program)).at_rest.rows
    assert (record.person, record.key_name) == (email, None)
    assert (record.undone_at, record.taken_back) == (NOW, 500)


@pytest.mark.parametrize("key", ["x", "-1", "1" * 19])
async def test_a_key_that_is_none_is_refused(books: Context, program: Program, key: str) -> None:
    for side in ("after", "before"):
        with pytest.raises(InvalidField) as refused:
            await page(books, program, **{side: key})
        assert refused.value.field == side


async def test_details_name_the_imports_of_the_same_content(
    books: Context, program: Program
) -> None:
    first = await sent(books, program, state="importing")
    second = await sent(books, program, state="checking")
    details = await import_details(books, program.id, second.import_id)
    assert [twin.job.import_id for twin in details.twins] == [first.import_id]
    with pytest.raises(NotFound):
        await import_details(books, program.id, ImportId(999_999))


# Rows


async def rows_of(
    books: Context,
    job: ImportJob,
    show: Shown = Shown.ERRORS,
    *,
    cause: str = "",
    page_size: int = 10,
    **place: str | None,
) -> RowsPage:
    return await list_rows(
        books, job, show=show, cause=cause, place=Place(**place), page_size=page_size
    )


def lines(found: RowsPage) -> list[int]:
    return [row.line for row in found.rows.rows]


async def test_rows_are_as_they_were_sent_without_the_columns_of_a_report(
    books: Context, program: Program
) -> None:
    job = await sent(books, program, BAD, state="checking")
    found = await rows_of(books, job, Shown.ALL)
    assert found.names == ["customerprofileid", "amount"]
    assert [row.cells for row in found.rows.rows[:2]] == [["ann", "1"], ["bob", "x"]]
    assert lines(found) == [2, 3, 4, 6, 7, 8]


async def test_rows_can_be_those_of_a_sort_or_a_cause(books: Context, program: Program) -> None:
    job = await sent(books, program, BAD, state="checking")
    assert lines(await rows_of(books, job)) == [3, 4, 8]
    assert lines(await rows_of(books, job, cause="invalid_amount.amount")) == [3, 4]
    assert lines(await rows_of(books, job, cause="no_such")) == []
    assert lines(await rows_of(books, job, Shown.WARNINGS)) == [7]
    assert lines(await rows_of(books, job, Shown.WARNINGS, cause="expires_soon")) == []


async def test_rows_are_read_by_key(books: Context, program: Program) -> None:
    job = await sent(books, program, BAD, state="checking")
    first = await rows_of(books, job, page_size=2)
    assert (lines(first), first.rows.before, first.rows.after) == ([3, 4], None, "4")
    second = await rows_of(books, job, page_size=2, after="4")
    assert (lines(second), second.rows.before, second.rows.after) == ([8], "8", None)
    assert lines(await rows_of(books, job, page_size=2, before="8")) == [3, 4]
    with pytest.raises(InvalidField):
        await rows_of(books, job, after="line 4")


async def test_bytes_that_are_no_characters_are_marked(books: Context, program: Program) -> None:
    text = b"customerprofileid,amount\nJos\xe9,5\n".decode("utf-8", "surrogateescape")
    upload = keep_upload(books, io.BytesIO(text.encode("utf-8", "surrogateescape")), name="a.csv")
    made = await create_job(books, program, upload, format_name="points", caller=None)
    job = await work_on(books, program, made.import_id)
    [row] = (await rows_of(books, job)).rows.rows
    assert row.cells == ["Jos\N{REPLACEMENT CHARACTER}", "5"]


async def test_a_file_that_is_no_text_is_checked_and_has_no_rows(
    books: Context, program: Program
) -> None:
    upload = keep_upload(books, io.BytesIO(b"\x89PNG\x00,\x01\r\n\x1a"), name="a.png")
    made = await create_job(books, program, upload, format_name="points", caller=None)
    job = await work_on(books, program, made.import_id)
    assert (job.state, job.failure) == ("checked", None)
    assert lines(await rows_of(books, job, Shown.WARNINGS)) == []


# Progress


async def test_the_time_left_follows_from_what_was_read(books: Context, program: Program) -> None:
    job = replace(
        await sent(books, program),
        state="importing",
        begun_at=NOW,
        file_bytes=1_000,
        bytes_done=250,
        rows_done=5_000,
    )
    after = NOW + timedelta(seconds=10)
    assert progress_of(job, now=after) == Progress(rows_per_second=500, seconds_left=30)
    assert progress_of(job, now=NOW) == Progress()
    assert progress_of(replace(job, bytes_done=0), now=after) == Progress()
    assert progress_of(replace(job, state="imported"), now=after) == Progress()
