"""Exports: the files of a program, asked for, looked after and fetched."""

from functools import partial
from http import HTTPStatus

from starlette.responses import Response

from tallystick.core.dashboard import frame_dates
from tallystick.core.errors import InvalidField, NotFound, shown
from tallystick.core.ids import ExportId
from tallystick.core.paging import Place
from tallystick.core.roles import Right
from tallystick.edges.export_files import KeptFile, export_name
from tallystick.services import export_jobs as jobs
from tallystick.services.exports import record_download
from tallystick.services.programs import check_profiles
from tallystick.services.subledgers import list_ledgers
from tallystick.web.export_forms import GROUPS, LEDGER, format_in, wish_in
from tallystick.web.export_words import KINDS, in_words
from tallystick.web.pages import Page
from tallystick.web.ranges import PRESETS, STANDARD
from tallystick.web.visits import Note, Redirect, View, Visit

_PAGE_SIZE = 50


async def _show_exports(visit: Visit) -> View:
    """What is being written, and the history."""
    place = Place(after=visit.query.get("after"), before=visit.query.get("before"))
    history = await jobs.export_history(
        visit.context, visit.known_program.id, place=place, page_size=_PAGE_SIZE
    )
    return View(
        template="exports.html",
        values={
            "writing": history.writing,
            "page": history.ended,
            "kinds": KINDS,
            "words": lambda job: in_words(jobs.wish_of(job), visit.show),
            "kept_until": partial(jobs.kept_until, visit.context),
        },
    )


async def _show_form(visit: Visit) -> View:
    """The form of a kind of file, filled in by the address or as it was sent."""
    kind, program = visit.chosen("kind", tuple(KINDS)), visit.known_program
    given, zone = visit.form or visit.query, program.settings.timezone
    ledger = given.get("subledger")
    return View(
        template="export_new.html",
        values={
            "kind": kind,
            "kinds": KINDS,
            "given": given,
            "presets": [
                (name, label, *frame_dates(frame, now=visit.now, zone=zone))
                for name, (frame, label) in PRESETS.items()
            ],
            "range": given.get("range") or ("own" if given.get("from") else STANDARD),
            "include": given.getlist("include") or ([] if visit.form else list(GROUPS)),
            "ledger": "" if ledger is None else LEDGER + ledger,
            "ledgers": [
                (LEDGER + name, name or "Main ledger")
                for name in ("", *(await list_ledgers(visit.context, program)).subledgers)
            ],
        },
    )


async def _ask(visit: Visit) -> Redirect:
    """Have the file written."""
    program, kind = check_profiles(visit.known_program), visit.chosen("kind", tuple(KINDS))
    wish, file_format = wish_in(kind, visit.form, program, visit.now), format_in(visit.form)
    try:
        job = await jobs.create_export(
            visit.context,
            program,
            wish,
            caller=visit.caller,
            file_format=file_format,
            safe="safe" in visit.form,
            file_name=export_name(program, wish, file_format, visit.now),
        )
    except NotFound as refusal:
        if member := visit.form.get("member"):
            fix = "write the ID of a member as your systems know it"
            raise InvalidField("member", shown(member), fix) from refusal
        raise
    return Redirect(to=f"{_path(visit)}?new={job.export_id}")


async def _download(visit: Visit) -> Response:
    """The file, whole or a part of it."""
    job = await jobs.get_export(visit.context, visit.known_program.id, _export_id(visit))
    file = KeptFile(jobs.check_written(visit.context, job), job)
    if file.is_beyond(visit.request.headers):
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return Response(status_code=status, headers=file.extent)
    if visit.request.method == "GET":
        await record_download(visit.context, visit.caller, job.export_id, job.file_name)
    return file


async def _delete(visit: Visit) -> Redirect:
    """Delete the file, or end the work on it."""
    program_id, export_id = visit.known_program.id, _export_id(visit)
    job = await jobs.get_export(visit.context, program_id, export_id)
    await jobs.delete_export(visit.context, visit.caller, program_id, export_id)
    return Redirect(to=_path(visit), note=Note(text=f"Deleted {job.file_name}."))


def _path(visit: Visit) -> str:
    return f"/programs/{visit.known_program.id}/exports"


def _export_id(visit: Visit) -> ExportId:
    return ExportId(visit.number_in_path("export", "export"))


_EXPORTS = "/programs/{program}/exports"
_EXPORT = _EXPORTS + "/{export}"

PAGES = (
    Page(name="exports", path=_EXPORTS, show=_show_exports, right=Right.EXPORT),
    Page(name="export-new", path=_EXPORTS + "/new", show=_show_form, do=_ask, right=Right.EXPORT),
    Page(
        name="export-download",
        path=_EXPORT + "/download",
        show=_download,
        is_file=True,
        right=Right.EXPORT,
    ),
    Page(name="export-delete", path=_EXPORT + "/delete", do=_delete, right=Right.EXPORT),
)
