"""Texts of one line that are entered, and how long they may be."""

from tallystick.core.errors import InvalidField, NotFound
from tallystick.core.ids import IntegrationId
from tallystick.core.programs import is_one_line

INTEGRATION_ID_LENGTH_MAX = 1_000
SUBLEDGER_LENGTH_MAX = 64
REASON_LENGTH_MAX = 255


def line_in(text: str | None, field: str, *, at_most: int) -> str:
    """A line of text, empty if it is absent. Errors: InvalidField."""
    if text is None:
        return ""
    if len(text) > at_most or not is_one_line(text):
        fix = f"write one line of at most {at_most} characters"
        raise InvalidField(field, f"{len(text)} characters: {text[:40]!r}", fix)
    return text


def integration_id_in(text: str) -> IntegrationId:
    """The name of a profile. Errors: NotFound if it cannot be one."""
    if not 0 < len(text) <= INTEGRATION_ID_LENGTH_MAX or not is_one_line(text):
        raise NotFound("customer profile", text[:100])
    return IntegrationId(text)
