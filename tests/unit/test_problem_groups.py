"""Problems are told by their cause."""

from tallystick.core.errors import RowProblem
from tallystick.core.formats.problems import Groups, is_in_the_way


def problem(line: int, code: str, column: str = "", found: str = "x") -> RowProblem:
    return RowProblem(line=line, column=column, code=code, found=found, fix="mend it")


def test_problems_of_one_cause_are_one_group() -> None:
    groups = Groups(lines_max=2)
    groups.add([problem(2, "too_long", "reason"), problem(3, "too_long", "subledgerid")])
    groups.add([problem(line, "too_long", "reason", f"{line}") for line in range(4, 1_000)])
    assert groups.count == 998
    assert [(g.code, g.column, g.count, g.lines) for g in groups.found()] == [
        ("too_long", "reason", 997, [2, 4]),
        ("too_long", "subledgerid", 1, [3]),
    ]
    assert groups.found()[0].example.found == "x"


def test_what_leaves_the_rows_in_doubt_is_in_the_way_of_all() -> None:
    assert is_in_the_way(problem(7, "damaged_gzip"))
    assert is_in_the_way(problem(7, "broken_quotes"))
    assert is_in_the_way(problem(1, "not_text"))
    assert not is_in_the_way(problem(7, "not_text", "reason"))
    assert not is_in_the_way(problem(7, "too_few_cells"))
