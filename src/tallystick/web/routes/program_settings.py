"""The settings of a program, its subledgers, and its end."""

from tallystick.core.programs import Program, freedom
from tallystick.core.roles import Right
from tallystick.services.four_eyes import standing as four_eyes_standing
from tallystick.services.programs import (
    Standing,
    Wish,
    delete_program,
    tell_standings,
    update_program,
)
from tallystick.services.subledgers import list_ledgers
from tallystick.web.pages import Page
from tallystick.web.program_form import changed_program, form_values
from tallystick.web.routes.approvals import four_eyes_values
from tallystick.web.visits import Note, Redirect, View, Visit

PATH = "/programs/{program}/settings"


async def _show_settings(visit: Visit) -> View:
    """The form; what can no longer change is told beside it."""
    standing = await _standing(visit)
    settings = standing.program.settings
    free = freedom(settings, has_transactions=standing.has_transactions)
    values = {
        "settings": settings,
        "free": free,
        "has_points": standing.has_transactions,
        **form_values(visit, settings),
        **four_eyes_values(await four_eyes_standing(visit.context, visit.known_program.id)),
    }
    return View(template="program_settings.html", values=values)


async def _change(visit: Visit) -> Redirect:
    """Change the program; whether points were posted is looked at again meanwhile."""
    early = not (await _standing(visit)).has_transactions

    def wish(program: Program) -> Wish:
        return changed_program(visit, program, early=early)

    await update_program(
        visit.context,
        visit.known_program.id,
        wish=wish,
        check=_let_pass,
        caller=visit.caller,
    )
    return Redirect(to=visit.request.url.path, note=Note(text="The settings are saved."))


async def _show_delete(visit: Visit) -> View:
    """What deleting means, and whether it is possible."""
    standing = await _standing(visit)
    return View(template="program_delete.html", values={"has_points": standing.has_transactions})


async def _delete(visit: Visit) -> Redirect:
    """Delete the program."""
    program = visit.known_program
    await delete_program(visit.context, program.id, check=_let_pass, caller=visit.caller)
    return Redirect(to="/programs", note=Note(text=f"{program.settings.title} is deleted."))


async def _show_subledgers(visit: Visit) -> View:
    """The ledgers that points of the program are kept in."""
    ledgers = await list_ledgers(visit.context, visit.known_program)
    return View(template="subledgers.html", values={"held": ledgers})


async def _standing(visit: Visit) -> Standing:
    [standing] = await tell_standings(visit.context, [visit.known_program])
    return standing


def _let_pass(_standing: Standing) -> None:
    """The form has said all that there is to check."""


PAGES = (
    Page(name="settings", path=PATH, right=Right.PROGRAMS, show=_show_settings, do=_change),
    Page(
        name="program-delete",
        path=f"{PATH}/delete",
        right=Right.PROGRAMS,
        show=_show_delete,
        do=_delete,
    ),
    Page(name="subledgers", path=f"{PATH}/subledgers", right=Right.SEE, show=_show_subledgers),
)
