"""Addresses of pages that others lead to, also of things whose names may hold anything."""

from urllib.parse import quote

from tallystick.core.ids import ProgramId

ME = "/account/me"
PEOPLE = "/account/people"


def segment(text: str) -> str:
    """The text as one part of a path: what would end the part is escaped."""
    return quote(text, safe="")


def member_path(program_id: ProgramId, integration_id: str) -> str:
    """Where a member's page is."""
    return f"/programs/{program_id}/members/{segment(integration_id)}"
