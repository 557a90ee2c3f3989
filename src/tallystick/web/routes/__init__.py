"""The table of all pages, area by area."""

from tallystick.web.pages import Page
from tallystick.web.routes import imports, overview, program_settings, programs

PAGES: tuple[Page, ...] = (
    *programs.PAGES,
    *overview.PAGES,
    *imports.PAGES,
    *program_settings.PAGES,
)
