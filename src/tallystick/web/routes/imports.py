"""The imports of a program: the history, a new file, one import from step to step, its undo."""

from starlette.responses import Response

from tallystick.core.errors import InvalidField
from tallystick.core.formats import FORMATS
from tallystick.core.ids import ImportId
from tallystick.core.import_jobs import (
    AT_WORK,
    NEVER_IMPORTED,
    ImportJob,
    ImportRecord,
    progress_of,
)
from tallystick.core.paging import Place
from tallystick.core.roles import Right
from tallystick.edges.import_files import (
    original_response,
    received,
    report_response,
    sample_response,
)
from tallystick.services import import_jobs as jobs
from tallystick.services.approvals import get_approval, may_withdraw
from tallystick.services.import_history import ImportDetails, import_details, import_history
from tallystick.services.import_rows import RowsPage, Shown, cause_of, list_rows
from tallystick.services.programs import check_profiles
from tallystick.web import approval_words
from tallystick.web import import_words as words
from tallystick.web.pages import Page
from tallystick.web.visits import Answer, Note, Redirect, View, Visit

KINDS = tuple(FORMATS)
IMPORTS = "/programs/{program}/imports"
IMPORT = IMPORTS + "/{import}"

_PAGE_SIZE = 50
_ROWS_SIZE = 25
_WORDS = {"words": words, "progress_of": progress_of, "cause_of": cause_of, "formats": FORMATS}


async def _show_imports(visit: Visit) -> View:
    """What waits or is worked on, and all others, of every kind or of one."""
    kind = visit.chosen("kind", ("", *KINDS))
    history = await import_history(
        visit.context,
        visit.known_program.id,
        format_name=kind or None,
        place=_place(visit),
        page_size=_PAGE_SIZE,
    )
    return View(template="imports.html", values={**_WORDS, "history": history, "kind": kind})


async def _show_new(visit: Visit) -> View:
    """What to send, and the form to send it with."""
    check_profiles(visit.known_program)
    kind = FORMATS[visit.chosen("kind", KINDS)]
    bytes_max = visit.context.limits.upload_bytes_max
    values = {**_WORDS, "kind": kind, "bytes_max": bytes_max}
    return View(template="import_new.html", values=values)


async def _send(visit: Visit) -> Redirect:
    """Take the file in and have it checked."""
    program = check_profiles(visit.known_program)
    kind = visit.chosen("kind", KINDS)
    async with received(visit.context, visit.request) as upload:
        job = await jobs.create_job(
            visit.context, program, upload, format_name=kind, caller=visit.caller
        )
    return Redirect(to=f"/programs/{program.id}/imports/{job.import_id}")


async def _show_import(visit: Visit) -> View:
    """An import at the step that it has come to."""
    details = await import_details(visit.context, visit.known_program.id, _import_id(visit))
    job = details.record.job
    values = {
        **_WORDS,
        "details": details,
        "job": job,
        "finding": details.finding,
        "at_work": job.state in AT_WORK,
        "open": job.state in NEVER_IMPORTED,
        **await _waiting(visit, job),
        **await _rows(visit, details),
    }
    return View(template="import.html", values=values)


async def _waiting(visit: Visit, job: ImportJob) -> dict[str, object]:
    """The request by which it waits, and whether what is asked for now would wait."""
    request, program = None, visit.known_program
    if job.approval_id is not None:
        request = await get_approval(visit.context, visit.caller, program.id, job.approval_id)
    return {
        "request": request,
        "approval_words": approval_words,
        "mine": request is not None and may_withdraw(visit.caller, request),
        "waits": await jobs.import_waits(visit.context, visit.caller, program.id),
    }


async def _rows(visit: Visit, details: ImportDetails) -> dict[str, object]:
    """The rows to look at before the import, if its file is there and has any."""
    job, finding = details.record.job, details.finding
    if finding is None or job.state not in {"checked", "failed"} or not job.file_kept:
        return {"rows": None}
    if finding.refuses_all or not finding.good_rows + finding.bad_rows:
        return {"rows": None}
    doubtful = "warnings" if finding.warnings else "all"
    first = "errors" if finding.problem_count else doubtful
    show = Shown(visit.chosen("show", (first, "errors", "warnings", "all")))
    page = await list_rows(
        visit.context,
        job,
        show=show,
        cause=visit.query.get("cause", ""),
        place=_place(visit),
        page_size=_ROWS_SIZE,
    )
    return {"rows": _shown(page, details), "page": page, "shown": show.value}


def _shown(page: RowsPage, details: ImportDetails) -> list[words.Row]:
    warnings = details.finding.warnings if details.finding else []
    return list(words.shown_rows(page.names, page.rows.rows, warnings))


async def _go_on(visit: Visit) -> Redirect:
    """Check the file once more, import it, or leave it as it is."""
    program, import_id = visit.known_program, _import_id(visit)
    if visit.form.get("do") == "check":
        await jobs.start_check(visit.context, visit.caller, program.id, import_id)
        return Redirect(to=visit.request.url.path)
    rows = visit.form.get("rows", "")
    if rows == "none":
        note = Note(text="Nothing was imported. The file waits here until you go on.", tone="info")
        return Redirect(to=f"/programs/{program.id}/imports", note=note)
    if rows not in {"all", "good"}:
        raise InvalidField("rows", "nothing", "choose whether to wait or to import the good rows")
    await jobs.start_import(
        visit.context,
        visit.caller,
        program.id,
        import_id,
        good_rows_only=rows == "good",
    )
    return Redirect(to=visit.request.url.path)


async def _delete(visit: Visit) -> Redirect:
    """Delete a file that was never imported."""
    program, import_id = visit.known_program, _import_id(visit)
    await jobs.delete_job(visit.context, visit.caller, program.id, import_id)
    note = Note(text=f"The file of import #{import_id} was deleted.", tone="info")
    return Redirect(to=f"/programs/{program.id}/imports", note=note)


async def _show_undo(visit: Visit) -> Answer:
    """What an undo would do now; the import itself if it is not one to be undone."""
    program, import_id = visit.known_program, _import_id(visit)
    details = await import_details(visit.context, program.id, import_id)
    if not _is_undoable(details.record):
        return Redirect(to=f"/programs/{program.id}/imports/{import_id}")
    preview = await jobs.preview_job_undo(visit.context, program, import_id)
    job = details.record.job
    waits = await jobs.import_waits(visit.context, visit.caller, program.id)
    values = {**_WORDS, "details": details, "job": job, "preview": preview, "waits": waits}
    return View(template="import_undo.html", values=values)


async def _undo(visit: Visit) -> Redirect:
    """Undo the import as a whole."""
    program, import_id = visit.known_program, _import_id(visit)
    await jobs.start_undo(
        visit.context,
        visit.caller,
        program,
        import_id,
        below_zero=visit.form.get("spent") == "too",
    )
    return Redirect(to=f"/programs/{program.id}/imports/{import_id}")


def _is_undoable(record: ImportRecord) -> bool:
    job = record.job
    is_done = job.state in {"imported", "undone"}
    return job.format == "points" and is_done and job.approval_id is None


async def _get_file(visit: Visit) -> Response:
    job = await jobs.get_job(visit.context, visit.known_program.id, _import_id(visit))
    return await original_response(visit.context, visit.request, visit.caller, job)


async def _get_report(visit: Visit) -> Response:
    job = await jobs.get_job(visit.context, visit.known_program.id, _import_id(visit))
    return await report_response(visit.context, visit.request, visit.caller, job)


async def _get_sample(visit: Visit) -> Response:
    return sample_response(visit.chosen("kind", KINDS))


def _import_id(visit: Visit) -> ImportId:
    return ImportId(visit.number_in_path("import", "import"))


def _place(visit: Visit) -> Place:
    return Place(after=visit.query.get("after"), before=visit.query.get("before"))


PAGES = (
    Page(name="imports", path=IMPORTS, show=_show_imports, right=Right.IMPORT),
    Page(name="import-new", path=IMPORTS + "/new", show=_show_new, do=_send, right=Right.IMPORT),
    Page(
        name="import-sample",
        path=IMPORTS + "/sample",
        show=_get_sample,
        is_file=True,
        right=Right.IMPORT,
    ),
    Page(name="import", path=IMPORT, show=_show_import, do=_go_on, right=Right.IMPORT),
    Page(name="import-delete", path=IMPORT + "/delete", do=_delete, right=Right.IMPORT),
    Page(
        name="import-file", path=IMPORT + "/file", show=_get_file, is_file=True, right=Right.IMPORT
    ),
    Page(
        name="import-report",
        path=IMPORT + "/report",
        show=_get_report,
        is_file=True,
        right=Right.IMPORT,
    ),
    Page(name="import-undo", path=IMPORT + "/undo", show=_show_undo, do=_undo, right=Right.IMPORT),
)
