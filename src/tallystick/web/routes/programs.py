"""The programs that somebody may see, and new ones."""

from tallystick.core.roles import Right
from tallystick.core.validity import list_zones
from tallystick.services.overview import program_cards
from tallystick.services.programs import create_program, list_programs
from tallystick.web.pages import Page
from tallystick.web.program_form import form_values, new_settings
from tallystick.web.visits import Note, Redirect, View, Visit


async def _go_in(visit: Visit) -> Redirect:
    """From the front door to the only program, or to all of them."""
    programs = await list_programs(visit.context, visit.caller)
    return Redirect(to=f"/programs/{programs[0].id}" if len(programs) == 1 else "/programs")


async def _show_programs(visit: Visit) -> View:
    """All of them, with what they hold."""
    cards = await program_cards(visit.context, await list_programs(visit.context, visit.caller))
    return View(template="programs.html", values={"cards": cards})


async def _show_new(visit: Visit) -> View:
    """The form of a new program."""
    return View(
        template="program_new.html", values={"zones": list_zones(), **form_values(visit, None)}
    )


async def _create(visit: Visit) -> Redirect:
    """Make a program and go there."""
    program = await create_program(visit.context, new_settings(visit), caller=visit.caller)
    note = Note(text=f"{program.settings.title} is there. Its first points make it come alive.")
    return Redirect(to=f"/programs/{program.id}", note=note)


PAGES = (
    Page(name="front", path="/", right=Right.OWN_ACCOUNT, show=_go_in),
    Page(name="programs", path="/programs", right=Right.OWN_ACCOUNT, show=_show_programs),
    Page(
        name="program-new",
        path="/programs/new",
        right=Right.PROGRAMS,
        show=_show_new,
        do=_create,
    ),
)
