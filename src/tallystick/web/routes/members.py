"""The members of a program: found by id and by what they have, page by page."""

from tallystick.core.members import MemberState
from tallystick.core.roles import Right
from tallystick.services.members import MemberFilter, count_members, list_members
from tallystick.web.pages import Page
from tallystick.web.visits import View, Visit

PAGE_SIZE = 50

_STATES = {
    "": "All",
    MemberState.ACTIVE.value: "With active points",
    MemberState.PENDING.value: "With pending points",
    MemberState.BELOW_ZERO.value: "Below zero",
    MemberState.NOTHING.value: "With nothing",
}


async def _show_members(visit: Visit) -> View:
    """A page of those that are wanted, and how many there are if that is cheap to tell."""
    program = visit.known_program
    state = visit.chosen("state", tuple(_STATES))
    wanted = MemberFilter(
        id_prefix=visit.line("q").strip(),
        state=MemberState(state) if state else None,
        subledger=visit.line("subledger") or None,
    )
    page = await list_members(
        visit.context,
        program,
        wanted=wanted,
        place=visit.place(),
        page_size=PAGE_SIZE,
        descending=visit.chosen("sort", ("id", "-id")) == "-id",
    )
    return View(
        template="members.html",
        values={
            "page": page,
            "total": await count_members(visit.context, program, wanted=wanted),
            "wanted": wanted,
            "state": state,
            "states": _STATES,
        },
    )


PAGES = (
    Page(name="members", path="/programs/{program}/members", right=Right.SEE, show=_show_members),
)
