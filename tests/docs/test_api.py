"""docs/compatibility.md has every operation and no other; docs/api.md tells some whole."""

from pathlib import Path

import msgspec
import pytest

from docs.documents import Section, code, codes, rows, sections
from tallystick.api.operations import Operation
from tallystick.api.routes import OPERATIONS
from tallystick.services.callers import CallerKind

API = Path("docs/api.md")
SECTIONS = {
    section.title.strip("`"): section for section in sections(API, whole=True) if section.depth == 3
}
WHO = {
    frozenset(): "open",
    frozenset({CallerKind.INTEGRATION}): "integration key",
    frozenset({CallerKind.MANAGEMENT, CallerKind.PERSON}): "management key or session",
    frozenset({CallerKind.PERSON}): "session",
}


DESCRIBED = [operation for operation in OPERATIONS if operation.id in SECTIONS]


def test_only_operations_are_described() -> None:
    assert len(SECTIONS) == len(DESCRIBED) > 12


def by_id(operation: Operation) -> str:
    return operation.id


@pytest.mark.parametrize("operation", DESCRIBED, ids=by_id)
def test_an_operation_begins_with_method_path_caller_and_status(operation: Operation) -> None:
    (line, *_) = SECTIONS[operation.id].body.strip().splitlines()
    where = f"`{operation.method} {operation.path}`"
    assert line.startswith(f"{where} · {WHO[operation.who]} · {int(operation.status)}")


@pytest.mark.parametrize("operation", DESCRIBED, ids=by_id)
def test_all_that_an_operation_takes_is_named(operation: Operation) -> None:
    taken = {
        each.encode_name
        for struct in (operation.query, operation.body)
        for each in msgspec.structs.fields(struct)
    }
    assert taken <= codes(SECTIONS[operation.id].body.partition("```")[0])


@pytest.mark.parametrize("operation", DESCRIBED, ids=by_id)
def test_an_operation_has_a_curl_line_for_its_path(operation: Operation) -> None:
    body = SECTIONS[operation.id].body
    before, last = operation.path.split("/")[-2:]
    end = f"/{before}/" if last.startswith("{") else f"/{last}"
    assert "curl " in body
    assert end in body.partition("```sh")[2]


def test_every_operation_is_in_the_list_of_the_contract_or_of_ours() -> None:
    parts = {part.title: part for part in sections(Path("docs/compatibility.md"))}
    assert _operations(parts["Answered"]) + _operations(parts["Ours"])
    listed = {*_operations(parts["Answered"]), *_operations(parts["Ours"])}
    assert listed == {operation.id for operation in OPERATIONS}


def test_an_operation_is_the_same_or_better_by_something_that_is_named() -> None:
    parts = {part.title: part for part in sections(Path("docs/compatibility.md"))}
    for name, grade, extra, _ in rows(parts["Answered"]):
        assert grade in {"same", "better"}, name
        assert bool(extra) == (grade == "better"), name


def test_what_is_not_yet_answered_is_not_in_the_table() -> None:
    parts = {part.title: part for part in sections(Path("docs/compatibility.md"))}
    missing = codes(parts["Not yet"].body)
    assert missing.isdisjoint({operation.id for operation in OPERATIONS})


def _operations(section: Section) -> list[str]:
    return [code(row[0]) for row in rows(section)]
