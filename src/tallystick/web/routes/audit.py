"""The audit: who did what, when and from where, and what it was before."""

import re
from typing import Any

from tallystick.core.accounts import Action, AuditFilter
from tallystick.core.errors import InvalidField, shown
from tallystick.core.roles import Right
from tallystick.core.validity import parse_day
from tallystick.services.changes import list_actors, list_audit
from tallystick.web import audit_words as words
from tallystick.web.pages import Page
from tallystick.web.visits import View, Visit

ENTRIES_A_PAGE = 50

_FILTERS = ("who", "object", "action", "day")
_WHO = re.compile(r"(person|key)-([0-9]{1,9})", re.ASCII)
_ACTIONS = ("", *(action.value for action in Action))


async def _show_audit(visit: Visit) -> View:
    """A page of the entries that are wanted, the newest first."""
    wanted = _wanted(visit)
    before, after = visit.number("before"), visit.number("after")
    if before and after:
        raise InvalidField("after", str(after), "leave it out, or before")
    values = {
        "words": words,
        "wanted": wanted,
        "is_filtered": any(visit.query.get(name) for name in _FILTERS),
        "actions": _ACTIONS,
        "actors": await list_actors(visit.context),
        "page": await list_audit(
            visit.context, wanted, before=before, after=after, page_size=ENTRIES_A_PAGE
        ),
    }
    return View(template="audit.html", values=values)


def _wanted(visit: Visit) -> AuditFilter:
    """The filter of the address. Errors: InvalidField."""
    action, day = visit.chosen("action", _ACTIONS), visit.query.get("day", "")
    if day and parse_day(day) is None:
        raise InvalidField("day", shown(day), "write a day like 2026-06-15")
    return AuditFilter(
        **_who(visit.query.get("who", "")),
        entity=visit.line("object").rstrip("/"),
        action=Action(action) if action else None,
        day=parse_day(day),
        zone=visit.show.zone,
    )


def _who(text: str) -> dict[str, Any]:
    """Whose entries: those of `person-1`, `key-1` or `command`; empty for everybody's."""
    if not text:
        return {}
    if text == "command":
        return {"by_command": True}
    found = _WHO.fullmatch(text)
    if found is None:
        raise InvalidField("who", shown(text), "write person-1, key-1 or command")
    kind, number = found.groups()
    return {"user_id" if kind == "person" else "key_id": int(number)}


PAGES = (Page(name="audit", path="/account/audit", right=Right.AUDIT, show=_show_audit),)
