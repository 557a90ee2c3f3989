"""What is wrong with single cells, as far as several formats say it alike."""

import re

from tallystick.core.formats.table import TEXT_FIX
from tallystick.core.programs import is_one_line
from tallystick.core.texts import INTEGRATION_ID_LENGTH_MAX

Fault = tuple[str, str]  # its code and its cure
Wrong = tuple[re.Pattern[str], str, str]  # how it looks, its code and its cure

_LOST = re.compile(r"[\ud800-\udfff]")  # bytes that were no characters

# What people and spreadsheets write instead of an instant; the first that fits counts.
WRONG_DATES: list[Wrong] = [
    (
        re.compile(r"[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2,4}.*"),
        "ambiguous_date",
        "write the year first, like 2026-02-01T00:00:00Z: the order of day and month is in doubt",
    ),
    (
        re.compile(r"[0-9]{5}([.,][0-9]+)?"),
        "date_number",
        "write an instant like 2026-02-01T00:00:00Z: this is the number a spreadsheet has for one",
    ),
]


def text_fault(cell: str) -> Fault | None:
    """What keeps a cell from being a line of text."""
    if _LOST.search(cell):
        return "not_text", TEXT_FIX
    if not is_one_line(cell):
        return "control_character", "write it on one line, without tabs and other controls"
    return None


def word_fault(cell: str) -> Fault | None:
    """The same for a cell that is a name: no blanks around it."""
    fault = text_fault(cell)
    if fault is None and cell != cell.strip():
        return "surrounding_blanks", "remove the blanks before and after it"
    return fault


def length_fault(cell: str, longest: int) -> Fault | None:
    """What is wrong with a cell of more characters than that."""
    return ("too_long", f"write at most {longest} characters") if len(cell) > longest else None


def member_fault(cell: str, longest: int = INTEGRATION_ID_LENGTH_MAX) -> Fault | None:
    """What keeps a cell of at most so many characters from naming a profile."""
    if not cell:
        return "missing_value", "write the integration id of a profile"
    return word_fault(cell) or length_fault(cell, longest)


def wrong(cell: str, kinds: list[Wrong]) -> Fault | None:
    """The fault of the first kind that a cell looks like."""
    return next(((code, fix) for kind, code, fix in kinds if kind.fullmatch(cell)), None)
