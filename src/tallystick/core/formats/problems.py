"""The problems of a file together: by cause, and those that stand in the way of all of it."""

from dataclasses import dataclass, field

from tallystick.core.errors import RowProblem

# With one of these nobody can say which rows the file has, so not even its right ones can be taken.
IN_THE_WAY = frozenset(
    {
        "broken_quotes",
        "compressed_too_well",
        "damaged_gzip",
        "damaged_zip",
        "duplicate_column",
        "empty_zip",
        "encrypted_zip",
        "endless_line",
        "file_too_large",
        "missing_column",
        "nested_archive",
        "no_header",
        "several_files",
        "spreadsheet_file",
        "too_many_columns",
        "too_many_rows",
        "unknown_column",
        "unknown_compression",
        "unsupported_zip",
    }
)


def is_in_the_way(problem: RowProblem) -> bool:
    """Whether a problem refuses the whole file, also where only the right rows are wanted."""
    return problem.code in IN_THE_WAY or problem.line == 1


@dataclass(slots=True, kw_only=True)
class Group:
    """The problems of one cause: how many, the first lines, and the first one as an example."""

    code: str
    column: str
    count: int = 0
    lines: list[int] = field(default_factory=list)
    example: RowProblem


class Groups:
    """Problems by code and column, while they come. Memory does not grow with their number."""

    def __init__(self, *, lines_max: int = 10) -> None:
        self.count = 0
        self._lines_max = lines_max
        self._groups: dict[tuple[str, str], Group] = {}

    def add(self, problems: list[RowProblem]) -> None:
        """Count what was found."""
        self.count += len(problems)
        for problem in problems:
            key = problem.code, problem.column
            group = self._groups.get(key)
            if group is None:
                group = Group(code=problem.code, column=problem.column, example=problem)
                self._groups[key] = group
            group.count += 1
            if len(group.lines) < self._lines_max:
                group.lines.append(problem.line)

    def found(self) -> list[Group]:
        """The groups, the largest first, those of one size by their first line."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, group.lines[0]))
