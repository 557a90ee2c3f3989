"""Finding anything: members, transactions, programs, imports, and pages to go to."""

from collections.abc import Iterator
from dataclasses import dataclass

from tallystick.core.ids import ProgramId
from tallystick.core.roles import Right
from tallystick.services.finding import Found, find_anything
from tallystick.services.programs import get_program_for, list_programs
from tallystick.web.addresses import member_path
from tallystick.web.navigation import menu_of, waiting_in
from tallystick.web.pages import Page
from tallystick.web.visits import View, Visit

_TEXT_LENGTH_MAX = 200
_DIGITS_MAX = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that was found, and where it is. more: what tells it from its like."""

    icon: str
    label: str
    more: str
    href: str


async def _show_found(visit: Visit) -> View:
    """What the text may mean, group by group; pages of the program that one comes from as well."""
    text = visit.query.get("q", "").strip()[:_TEXT_LENGTH_MAX]
    number = visit.query.get("program", "")
    if number.isascii() and number.isdigit() and len(number) <= _DIGITS_MAX:
        visit.program = await get_program_for(visit.context, visit.caller, ProgramId(int(number)))
    programs = await list_programs(visit.context, visit.caller)
    found = await find_anything(visit.context, programs, text)
    groups = {
        "Members": list(_members(found)),
        "Transactions": list(_transactions(found)),
        "Programs": list(_programs(found)),
        "Imports": list(_imports(visit, found)),
        "Go to": list(_pages(visit, text, await waiting_in(visit))),
    }
    values = {"text": text, "groups": {name: hits for name, hits in groups.items() if hits}}
    return View(template="find.html", values=values)


def _members(found: Found) -> Iterator[Hit]:
    for each in found.members:
        name, title = each.integration_id, each.program.settings.title
        yield Hit(
            icon="users",
            label=each.name or name,
            more=f"{name} \N{MIDDLE DOT} {title}" if each.name else title,
            href=member_path(each.program.id, name),
        )


def _transactions(found: Found) -> Iterator[Hit]:
    for each in found.transactions:
        program, transaction = each.program, each.transaction
        yield Hit(
            icon="list",
            label=f"Transaction {transaction.id}",
            more=" \N{MIDDLE DOT} ".join(filter(None, (each.integration_id, transaction.name))),
            href=f"/programs/{program.id}/transactions/{transaction.uuid}",
        )


def _programs(found: Found) -> Iterator[Hit]:
    for each in found.programs:
        yield Hit(
            icon="layout-grid",
            label=each.settings.title,
            more="Sandbox" if each.settings.sandbox else "Live",
            href=f"/programs/{each.id}",
        )


def _imports(visit: Visit, found: Found) -> Iterator[Hit]:
    for each in found.imports:
        if visit.caller.may(Right.IMPORT, each.program_id):
            yield Hit(
                icon="upload",
                label=each.file_name,
                more=f"Import #{each.import_id}",
                href=f"/programs/{each.program_id}/imports/{each.import_id}",
            )


def _pages(visit: Visit, text: str, waiting: int | None) -> Iterator[Hit]:
    """The pages of the menu whose name has the text in it; all of them if there is none."""
    for section in menu_of(visit, waiting):
        for entry in section.entries:
            if text.lower() in entry.label.lower():
                yield Hit(icon=entry.icon, label=entry.label, more="", href=entry.href)


PAGES = (Page(name="find", path="/find", right=Right.OWN_ACCOUNT, show=_show_found),)
