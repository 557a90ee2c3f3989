"""The table of all pages, area by area."""

from tallystick.web.pages import Page
from tallystick.web.routes import (
    exports,
    find,
    imports,
    member,
    members,
    overview,
    points,
    program_settings,
    programs,
    transactions,
)

PAGES: tuple[Page, ...] = (
    *programs.PAGES,
    *overview.PAGES,
    *members.PAGES,
    *member.PAGES,
    *points.PAGES,
    *transactions.PAGES,
    *imports.PAGES,
    *exports.PAGES,
    *find.PAGES,
    *program_settings.PAGES,
)
