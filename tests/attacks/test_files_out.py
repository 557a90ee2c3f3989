"""Formulas in every text that is stored never come out of a file as formulas."""

import csv
import io
import re
import zipfile

import pytest

from api.harness import Api, program_path
from attacks.counting import TEXTS, answered
from attacks.marked import Marked, make_marked
from services.harness import NOW
from tallystick.services.export_kinds import KINDS
from web.world import written_export

SPAN = {"rangeStart": "2026-01-01T00:00:00Z", "rangeEnd": "2026-12-01T00:00:00Z"}
FORMULAS = {
    "equals": "=HYPERLINK(CONCAT(A1:A9))",
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
}
NUMBER = re.compile(r"-?[0-9.]+")


@pytest.fixture(scope="module")
async def marked(module_api: Api) -> dict[str, Marked]:
    """For each formula a program that has it in all its texts."""
    module_api.clock.now = NOW
    return {what: await make_marked(module_api, text) for what, text in FORMULAS.items()}


async def file_of(api: Api, marked: Marked, kind: str, **more: object) -> bytes:
    """The file of an export that was written in the background."""
    program = marked.member.program
    parameters = SPAN if kind in {"log", "expiring"} else {}
    export_id = await written_export(api, program, kind, parameters=parameters, **more)
    path = f"{program_path(program)}/exports/{export_id}/file"
    answer = answered(TEXTS, await api.manager.get(path))
    assert answer.is_success, answer.text
    return answer.content


@pytest.mark.parametrize("kind", KINDS)
async def test_a_safe_file_has_no_cell_that_a_spreadsheet_would_run(
    api: Api, marked: dict[str, Marked], kind: str
) -> None:
    for what, each in marked.items():
        content = (await file_of(api, each, kind, format="csv", safe=True)).decode()
        for row in csv.reader(io.StringIO(content)):
            for cell in row:
                assert NUMBER.fullmatch(cell) or not cell.startswith(tuple("=+-@\t\r")), (what, row)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_workbook_has_texts_and_no_formulas(
    api: Api, marked: dict[str, Marked], kind: str
) -> None:
    seen = b""
    for what, each in marked.items():
        content = await file_of(api, each, kind, format="xlsx")
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = {name: book.read(name) for name in book.namelist()}
        seen += b"".join(parts.values())
        sheets = [part for name, part in parts.items() if name.startswith("xl/worksheets/")]
        assert sheets
        for sheet in sheets:
            assert not re.search(rb"<f[ >]|<hyperlink", sheet), what
        assert not [name for name in parts if "external" in name.lower() or "vba" in name.lower()]
    assert b"cmd|" in seen or kind in {"dashboard", "expiring"}, kind
