"""The side menu: what the visitor may open, and where they are."""

from dataclasses import dataclass

from tallystick.core.roles import Right
from tallystick.web.visits import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the menu."""

    label: str
    icon: str
    href: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Lines under a heading, which may be empty."""

    heading: str
    entries: list[Entry]


# Label, icon (of Lucide), path below the program or from the root, the right it takes.
_PROGRAM = (
    (
        "",
        (
            ("Overview", "house", "", Right.SEE),
            ("Members", "users", "/members", Right.SEE),
            ("Transactions", "list", "/transactions", Right.SEE),
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
            ("People", "users", "/account/people", Right.PEOPLE),
            ("Roles", "shield-check", "/account/roles", Right.OWN_ACCOUNT),
            ("API keys", "key-round", "/account/keys", Right.KEYS),
            ("Audit log", "file-clock", "/account/audit", Right.AUDIT),
        ),
    ),
)


def menu_of(visit: Visit) -> list[Section]:
    """The sections of the menu, without those that would be empty."""
    base = f"/programs/{visit.program.id}" if visit.program else ""
    lines = _PROGRAM if visit.program else _EVERYWHERE
    here = visit.request.url.path
    paths = [path for _, entries in lines for _, _, path, _ in entries]
    nearest = max((path for path in paths if _is_at(here, base, path)), key=len, default=None)
    sections = [
        Section(
            heading=heading,
            entries=[
                Entry(label=label, icon=icon, href=base + path, is_here=path == nearest)
                for label, icon, path, right in entries
                if visit.may(right.name)
            ],
        )
        for heading, entries in lines
    ]
    return [section for section in sections if section.entries]


def _is_at(here: str, base: str, path: str) -> bool:
    """Whether the visitor is on the page of that path, or below it."""
    target = base + path
    return here == target or (bool(path) and here.startswith(f"{target}/"))
