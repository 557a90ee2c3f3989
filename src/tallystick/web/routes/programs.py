"""The programs that somebody may see."""

from tallystick.core.roles import Right
from tallystick.services.programs import list_programs
from tallystick.web.pages import Page
from tallystick.web.visits import Redirect, View, Visit


async def _show_programs(visit: Visit) -> View:
    """All of them, with what they hold."""
    return View(
        template="programs.html",
        values={"programs": await list_programs(visit.context, visit.caller)},
    )


async def _go_to_programs(_visit: Visit) -> Redirect:
    """From the front door to the programs."""
    return Redirect(to="/programs")


PAGES = (
    Page(name="front", path="/", right=Right.OWN_ACCOUNT, show=_go_to_programs),
    Page(name="programs", path="/programs", right=Right.OWN_ACCOUNT, show=_show_programs),
)
