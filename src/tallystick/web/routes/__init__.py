"""The table of all pages, area by area."""

from tallystick.web.pages import Page
from tallystick.web.routes import (
    approvals,
    audit,
    exports,
    find,
    imports,
    keys,
    me,
    member,
    members,
    openid,
    overview,
    people,
    points,
    program_settings,
    programs,
    roles,
    second_factor,
    transactions,
)

PAGES: tuple[Page, ...] = (
    *programs.PAGES,
    *overview.PAGES,
    *members.PAGES,
    *member.PAGES,
    *points.PAGES,
    *transactions.PAGES,
    *approvals.PAGES,
    *imports.PAGES,
    *exports.PAGES,
    *find.PAGES,
    *program_settings.PAGES,
    *people.PAGES,
    *roles.PAGES,
    *keys.PAGES,
    *audit.PAGES,
    *me.PAGES,
    *openid.PAGES,
    *second_factor.PAGES,
)
