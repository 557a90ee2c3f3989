"""What waits for a second person in a program, one request, and what waits at all."""

from tallystick.core.approvals import (
    ActivationWish,
    Approval,
    FourEyes,
    ImportWish,
    PointsWish,
    SettingsWish,
    UndoWish,
)
from tallystick.core.errors import InvalidField, Refusal, shown
from tallystick.core.ids import ApprovalId
from tallystick.core.points import FIX, parse_points, render_points
from tallystick.core.roles import Right
from tallystick.core.texts import REASON_LENGTH_MAX, line_in
from tallystick.services import approvals
from tallystick.services.four_eyes import Standing, set_four_eyes, standing
from tallystick.services.import_history import import_details
from tallystick.services.import_jobs import preview_job_undo
from tallystick.services.preview import preview_posting
from tallystick.web import approval_words, import_words
from tallystick.web.pages import Page
from tallystick.web.visits import Note, Redirect, View, Visit

APPROVALS = "/programs/{program}/approvals"
FOUR_EYES = "/programs/{program}/settings/four-eyes"

_PAGE_SIZE = 50
_WORDS = {"words": approval_words, "import_words": import_words}
_DONE = {
    "approve": "approved",
    "reject": "rejected. Nothing was done",
    "withdraw": "withdrawn. Nothing was done",
}


async def _show_approvals(visit: Visit) -> View:
    """What waits, and what was decided."""
    overview = await approvals.approvals_overview(
        visit.context,
        visit.caller,
        visit.known_program.id,
        place=visit.place(),
        page_size=_PAGE_SIZE,
    )
    values = {
        **_WORDS,
        "overview": overview,
        "mine": [
            each.id for each in overview.waiting if approvals.may_withdraw(visit.caller, each)
        ],
        "decidable": [
            each.id for each in overview.waiting if approvals.may_decide(visit.caller, each)
        ],
    }
    return View(template="approvals.html", values=values)


async def _show_approval(visit: Visit) -> View:
    """All that is needed to decide a request, or what became of it."""
    found = await _approval(visit)
    values = {
        **_WORDS,
        "approval": found,
        "wish": found.wish,
        "may_decide": found.waits and approvals.may_decide(visit.caller, found),
        "may_withdraw": found.waits and approvals.may_withdraw(visit.caller, found),
        **await _details(visit, found),
    }
    return View(template="approval.html", values=values)


async def _details(visit: Visit, approval: Approval) -> dict[str, object]:
    """What it would do now, or why it cannot be done; of a file what is known of it."""
    details: dict[str, object] = {"preview": None, "undo": None, "file": None, "problem": ""}
    try:
        match approval.wish:
            case PointsWish() if approval.waits:
                posting = approvals.posting_of(approval, approval.wish)
                details["preview"] = await preview_posting(
                    visit.context, visit.known_program, posting
                )
            case ImportWish(import_id=import_id) | UndoWish(import_id=import_id):
                program = visit.known_program
                details["file"] = await import_details(visit.context, program.id, import_id)
                if isinstance(approval.wish, UndoWish) and approval.waits:
                    details["undo"] = await preview_job_undo(visit.context, program, import_id)
            case ActivationWish() | SettingsWish() | PointsWish():
                pass
    except Refusal as refusal:
        details["problem"] = approvals.why_not(refusal)
    return details


async def _decide(visit: Visit) -> Redirect:
    """Approve, reject or withdraw it."""
    context, caller, program = visit.context, visit.caller, visit.known_program
    approval_id = _approval_id(visit)
    note = line_in(visit.form.get("note", "").strip(), "note", at_most=REASON_LENGTH_MAX)
    match visit.form.get("do"):
        case "approve":
            await approvals.approve(context, caller, program.id, approval_id, note=note)
        case "reject":
            await approvals.reject(context, caller, program.id, approval_id, note=note)
        case "withdraw":
            await approvals.withdraw(context, caller, program.id, approval_id)
        case other:
            raise InvalidField("do", shown(other or ""), "choose approve, reject or withdraw")
    text = f"Request #{approval_id} is {_DONE[visit.form['do']]}."
    return Redirect(to=f"/programs/{program.id}/approvals", note=Note(text=text))


async def _show_four_eyes(visit: Visit) -> View:
    """The form of what waits."""
    found = await standing(visit.context, visit.known_program.id)
    return View(template="four_eyes.html", values=four_eyes_values(found))


def four_eyes_values(found: Standing) -> dict[str, object]:
    """What pages that tell what waits are given."""
    limit = found.four_eyes.points_from
    return {
        "standing": found,
        "approval_words": approval_words,
        "points_from": "" if limit is None else render_points(limit).removesuffix(".00"),
    }


async def _set_four_eyes(visit: Visit) -> Redirect:
    """Set what waits, or ask to let less wait."""
    program = visit.known_program
    text = visit.form.get("pointsFrom", "").strip()
    limit = parse_points(text) if text else None
    if text and limit is None:
        raise InvalidField("pointsFrom", shown(text), FIX)
    wanted = FourEyes(imports_wait="importsWait" in visit.form, points_from=limit)
    answer = await set_four_eyes(visit.context, visit.caller, program.id, wanted)
    if isinstance(answer, FourEyes):
        to = f"/programs/{program.id}/settings"
        return Redirect(to=to, note=Note(text="What waits for approval is saved."))
    return waits_on(visit, answer, "To let less wait")


def waits_on(visit: Visit, approval_id: ApprovalId, what: str) -> Redirect:
    """The way to a request that was just made, and the sentence about it."""
    text = f"{what} waits for approval by somebody else. Nothing is done yet."
    to = f"/programs/{visit.known_program.id}/approvals/{approval_id}"
    return Redirect(to=to, note=Note(text=text, tone="info"))


async def _approval(visit: Visit) -> Approval:
    """The one in the path. Errors: NotFound, NotAllowed."""
    return await approvals.get_approval(
        visit.context, visit.caller, visit.known_program.id, _approval_id(visit)
    )


def _approval_id(visit: Visit) -> ApprovalId:
    return ApprovalId(visit.number_in_path("approval", "approval"))


PAGES = (
    Page(name="approvals", path=APPROVALS, right=Right.POST_POINTS, show=_show_approvals),
    Page(
        name="approval",
        path=APPROVALS + "/{approval}",
        right=Right.POST_POINTS,
        show=_show_approval,
        do=_decide,
    ),
    Page(
        name="four-eyes",
        path=FOUR_EYES,
        right=Right.PROGRAMS,
        show=_show_four_eyes,
        do=_set_four_eyes,
    ),
)
