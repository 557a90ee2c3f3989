"""Adding points by hand and deducting them: the form, what it would do, and doing it."""

from dataclasses import dataclass
from uuid import uuid4

import msgspec

from tallystick.core.errors import (
    InsufficientPoints,
    InvalidField,
    KeyReused,
    NotAllowed,
    NotFound,
    Refusal,
)
from tallystick.core.ids import IntegrationId
from tallystick.core.points import render_points
from tallystick.core.roles import Right
from tallystick.core.texts import integration_id_in
from tallystick.core.transactions import Kind
from tallystick.services.allowances import allowance_left
from tallystick.services.members import MemberPage, member_page
from tallystick.services.postings import Asked, Posting
from tallystick.services.preview import PostingPreview, preview_posting
from tallystick.services.profiles import get_profile, update_profiles
from tallystick.web.addresses import member_path
from tallystick.web.durations import time_words
from tallystick.web.pages import Page
from tallystick.web.postings import UNITS, check_reason, posting_of
from tallystick.web.routes.approvals import waits_on
from tallystick.web.visits import Answer, Note, Redirect, View, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What a form is for: the kind of posting, and whose; None where the form asks whose."""

    kind: Kind
    member: IntegrationId | None

    @property
    def adds(self) -> bool:
        return self.kind is Kind.ADDITION

    @property
    def title(self) -> str:
        return "Add points" if self.adds else "Deduct points"


def _add(visit: Visit) -> _Task:
    return _Task(kind=Kind.ADDITION, member=integration_id_in(visit.in_path("member")))


def _deduct(visit: Visit) -> _Task:
    return _Task(kind=Kind.SUBTRACTION, member=integration_id_in(visit.in_path("member")))


_ADD_TO_ANYBODY = _Task(kind=Kind.ADDITION, member=None)


async def _show_add(visit: Visit) -> View:
    """The form to add points to a member."""
    return await _form(visit, _add(visit))


async def _show_deduct(visit: Visit) -> View:
    """The form to deduct points from a member."""
    return await _form(visit, _deduct(visit))


async def _show_add_to_anybody(visit: Visit) -> View:
    """The form to add points to whoever it names."""
    return await _form(visit, _ADD_TO_ANYBODY)


async def _do_add(visit: Visit) -> Answer:
    return await _do(visit, _add(visit))


async def _do_deduct(visit: Visit) -> Answer:
    return await _do(visit, _deduct(visit))


async def _do_add_to_anybody(visit: Visit) -> Answer:
    return await _do(visit, _ADD_TO_ANYBODY)


async def _form(
    visit: Visit,
    task: _Task,
    *,
    preview: PostingPreview | None = None,
    problem: str = "",
) -> View:
    """The form, with what it would do where that was asked for, or why it would not."""
    program = visit.known_program
    member: MemberPage | None = None
    if task.member is not None:
        member = await member_page(visit.context, program, task.member)
    settings, locale = program.settings, visit.show.locale_name
    was_sent = isinstance(visit.refusal, KeyReused)
    key = "" if was_sent else visit.form.get("key")
    return View(
        template="posting.html",
        values={
            "task": task,
            "member": member,
            "preview": preview,
            "problem": problem,
            "left": await allowance_left(visit.context, visit.caller, program),
            "was_sent": was_sent,
            "key": key or f"form-{uuid4()}",
            "default_start": time_words(settings.default_pending, locale=locale),
            "default_expiry": time_words(settings.default_validity, locale=locale),
            "units": list(UNITS.items()),
        },
    )


async def _do(visit: Visit, task: _Task) -> Answer:
    """Post what the form says, or tell what that would do."""
    if visit.form.get("preview"):
        return await _tell(visit, task)
    posting = _posting(visit, task)
    check_reason(posting)
    if task.member is None:
        await _ensure_profile(visit, posting.integration_id)
    try:
        posted = await visit.house.writer.post(posting)
    except Refusal as refusal:
        raise _at_its_field(refusal, posting) from refusal
    if isinstance(posted, Asked):
        return waits_on(visit, posted.approval_id, "This")
    done = f"{'Added' if task.adds else 'Deducted'} {visit.show.points(posting.points)} points"
    return Redirect(
        to=member_path(posting.program_id, posting.integration_id), note=Note(text=done)
    )


async def _tell(visit: Visit, task: _Task) -> View:
    """The form with what it would do; while somebody still types, nothing in it is marked wrong."""
    try:
        preview = await _preview(visit, _posting(visit, task))
    except NotFound:
        if task.member is not None:
            raise
        return await _form(visit, task, problem="This member is new, and begins with these points.")
    except Refusal as refusal:
        if not visit.is_partial:
            raise
        return await _form(visit, task, problem=_told(refusal))
    return await _form(visit, task, preview=preview)


async def _preview(visit: Visit, posting: Posting) -> PostingPreview:
    try:
        return await preview_posting(visit.context, visit.known_program, posting)
    except Refusal as refusal:
        raise _at_its_field(refusal, posting) from refusal


def _posting(visit: Visit, task: _Task) -> Posting:
    return posting_of(
        visit.form,
        task.kind,
        program=visit.known_program,
        integration_id=task.member or _named_member(visit),
        caller=visit.caller,
    )


def _named_member(visit: Visit) -> IntegrationId:
    """The member that the form names. Errors: InvalidField."""
    text = visit.form.get("integrationId", "").strip()
    try:
        return integration_id_in(text)
    except NotFound as error:
        fix = "write the ID under which your systems know the member"
        raise InvalidField("integrationId", repr(text[:60]) if text else "nothing", fix) from error


async def _ensure_profile(visit: Visit, integration_id: IntegrationId) -> None:
    """Make the profile if it is new."""
    environment = visit.known_program.environment
    try:
        await get_profile(visit.context, environment, integration_id)
    except NotFound:
        new = [(integration_id, dict[str, msgspec.Raw]())]
        await update_profiles(visit.context, environment, new, caller=visit.caller)


def _at_its_field(refusal: Refusal, posting: Posting) -> Refusal:
    """The refusal, said at the field of the form that it is about."""
    if isinstance(refusal, InsufficientPoints):
        fix = f"only {refusal.active} are active, so deduct at most that"
        return InvalidField("points", refusal.asked, fix)
    if isinstance(refusal, NotAllowed):
        return InvalidField("points", render_points(posting.points), refusal.fix)
    if isinstance(refusal, InvalidField) and refusal.field in {"validUntil", "validityDuration"}:
        fix = "choose a time after the one from which they can be spent, or never"
        return InvalidField(refusal.field, refusal.found, fix)
    return refusal


def _told(refusal: Refusal) -> str:
    """A refusal in a sentence, without the name of the field, as nobody has asked yet."""
    if not isinstance(refusal, InvalidField):
        return str(refusal)
    return "" if refusal.found == "nothing" else f"Found {refusal.found}; {refusal.fix}"


PAGES = (
    Page(
        name="add-points",
        path="/programs/{program}/add-points",
        right=Right.POST_POINTS,
        show=_show_add_to_anybody,
        do=_do_add_to_anybody,
    ),
    Page(
        name="add-points-to-member",
        path="/programs/{program}/members/{member}/add",
        right=Right.POST_POINTS,
        show=_show_add,
        do=_do_add,
    ),
    Page(
        name="deduct-points",
        path="/programs/{program}/members/{member}/deduct",
        right=Right.POST_POINTS,
        show=_show_deduct,
        do=_do_deduct,
    ),
)
