"""The table of all pages, area by area."""

from tallystick.web.pages import Page
from tallystick.web.routes import imports, programs

PAGES: tuple[Page, ...] = (*programs.PAGES, *imports.PAGES)
