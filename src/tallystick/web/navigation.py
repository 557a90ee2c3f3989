"""The side menu: what the visitor may open, and where they are."""

from dataclasses import dataclass

from tallystick.core.roles import Right
from tallystick.services.approvals import waiting_for
from tallystick.web.addresses import PEOPLE
from tallystick.web.visits import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the menu. count: how much there waits for the visitor."""

    label: str
    icon: str
    href: str
    is_here: bool
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Lines under a heading, which may be empty."""

    heading: str
    entries: list[Entry]


_APPROVALS = "Approvals"

# Label, icon (of Lucide), path below the program or from the root, the right it takes.
_PROGRAM = (
    (
        "",
        (
            ("Overview", "house", "", Right.SEE),
            ("Members", "users", "/members", Right.SEE),
            ("Transactions", "list", "/transactions", Right.SEE),
            (_APPROVALS, "stamp", "/approvals", Right.POST_POINTS),
        ),
    ),
    (
        "Data",
        (
            ("Imports", "upload", "/imports", Right.IMPORT),
            ("Exports", "download", "/exports", Right.EXPORT),
        ),
    ),
    (
        "Settings",
        (
            ("Program", "settings", "/settings", Right.PROGRAMS),
            ("Subledgers", "layers", "/settings/subledgers", Right.SEE),
        ),
    ),
)
_EVERYWHERE = (
    ("", (("Programs", "layout-grid", "/programs", Right.OWN_ACCOUNT),)),
    (
        "Settings",
        (
            ("People", "users", PEOPLE, Right.PEOPLE),
            ("Roles", "shield-check", "/account/roles", Right.OWN_ACCOUNT),
            ("API keys", "key-round", "/account/keys", Right.KEYS),
            ("Audit log", "file-clock", "/account/audit", Right.AUDIT),
        ),
    ),
)


async def waiting_in(visit: Visit) -> int | None:
    """How many requests wait for the visitor; None where there are none to be seen."""
    if visit.program is None or not visit.may(Right.POST_POINTS.name):
        return None
    return await waiting_for(visit.context, visit.caller, visit.program.id)


def menu_of(visit: Visit, waiting: int | None) -> list[Section]:
    """The sections of the menu, without those that would be empty.

    waiting: how many requests wait for the visitor; None leaves them out.
    """
    base = f"/programs/{visit.program.id}" if visit.program else ""
    lines = _PROGRAM if visit.program else _EVERYWHERE
    here = visit.request.url.path
    paths = [path for _, entries in lines for _, _, path, _ in entries]
    nearest = max((path for path in paths if _is_at(here, base, path)), key=len, default=None)
    sections = [
        Section(
            heading=heading,
            entries=[
                Entry(
                    label=label,
                    icon=icon,
                    href=base + path,
                    is_here=path == nearest,
                    count=(waiting or 0) if label == _APPROVALS else 0,
                )
                for label, icon, path, right in entries
                if visit.may(right.name) and (label != _APPROVALS or waiting is not None)
            ],
        )
        for heading, entries in lines
    ]
    return [section for section in sections if section.entries]


def _is_at(here: str, base: str, path: str) -> bool:
    """Whether the visitor is on the page of that path, or below it."""
    target = base + path
    return here == target or (bool(path) and here.startswith(f"{target}/"))
