"""What pages say of requests for approval: what each asks for, and what became of it."""

from tallystick.core.approvals import (
    ActivationWish,
    Approval,
    ApprovalKind,
    ApprovalState,
    FourEyes,
    ImportWish,
    PointsWish,
    SettingsWish,
    UndoWish,
)
from tallystick.core.validity import Duration, Keyword, read_written
from tallystick.web.durations import time_words
from tallystick.web.showing import Showing

STATES: dict[ApprovalState, tuple[str, str]] = {
    ApprovalState.WAITING: ("warn", "Waits"),
    ApprovalState.APPROVED: ("good", "Approved"),
    ApprovalState.REJECTED: ("bad", "Rejected"),
    ApprovalState.WITHDRAWN: ("", "Withdrawn"),
}

_VERBS = {ApprovalKind.ADD: "Approve and add", ApprovalKind.DEDUCT: "Approve and deduct"}
_OTHER_VERBS = {
    ApprovalKind.ACTIVATE: "Approve and activate",
    ApprovalKind.IMPORT: "Approve and import",
    ApprovalKind.UNDO: "Approve and undo",
    ApprovalKind.SETTINGS: "Approve and change",
}


def title_of(approval: Approval, show: Showing) -> str:
    """What is asked for, in a few words."""
    match approval.wish:
        case PointsWish(points=points):
            verb = "Add" if approval.kind is ApprovalKind.ADD else "Deduct"
            return f"{verb} {show.points(points)} points"
        case ActivationWish(points=points):
            return f"Activate {show.points(points)} points"
        case ImportWish(import_id=import_id):
            return f"Import file #{import_id}"
        case UndoWish(import_id=import_id):
            return f"Undo import #{import_id}"
        case SettingsWish():
            return "Let less wait for approval"


def about(approval: Approval) -> str:
    """Whom or what it concerns."""
    match approval.wish:
        case PointsWish(integration_id=member) | ActivationWish(integration_id=member):
            return member
        case ImportWish(file_name=name) | UndoWish(file_name=name):
            return name
        case SettingsWish():
            return "Four eyes"


def verb_of(approval: Approval, show: Showing) -> str:
    """What stands on the button that approves it."""
    if isinstance(approval.wish, PointsWish):
        return f"{_VERBS[approval.kind]} {show.points(approval.wish.points)} points"
    return _OTHER_VERBS[approval.kind]


def asker_of(approval: Approval) -> str:
    """Who asked."""
    if approval.key_id is not None:
        return f"The key {approval.key_name}" if approval.key_name else "A key that was deleted"
    return approval.person or "Somebody who was deleted"


def decider_of(approval: Approval) -> str:
    """Who decided."""
    assert approval.decision is not None
    return approval.decision.person or "A key"


def wait_words(four_eyes: FourEyes, show: Showing) -> list[str]:
    """What waits in a program, one line each; none if nothing does."""
    lines = ["Imports and undos"] if four_eyes.imports_wait else []
    if four_eyes.points_from is not None:
        lines.append(f"Changes by hand from {show.points(four_eyes.points_from)} points on")
    return lines


def moment_words(text: str | None, show: Showing) -> str:
    """A start or an expiry as it was asked for; empty for what the program says."""
    found = read_written(text)
    if found is None:
        return ""
    if isinstance(found, Keyword | Duration):
        return time_words(str(text), locale=show.locale_name)
    return str(show.moment(found).striptags())
