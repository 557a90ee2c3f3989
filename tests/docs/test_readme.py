"""The first page is short, and a stranger finds what they need."""

from pathlib import Path

from docs.documents import blocks, links
from tidy.tree import text

README = Path("README.md")
LINES = 120
COMMANDS = 6  # to the first earned point


def test_the_first_page_is_short() -> None:
    assert len(text(README).splitlines()) <= LINES


def test_the_first_point_is_earned_in_few_commands() -> None:
    commands = list[str]()
    for block in blocks(README):
        if block.language.startswith("sh"):
            commands += _commands(block.body)
        if commands and "import points" in commands[-1]:
            break
    assert any("import points" in command for command in commands)
    assert len(commands) <= COMMANDS, commands


def _commands(body: str) -> list[str]:
    """The commands of a block; what is typed into a file belongs to its command."""
    found, inside = list[str](), False
    for line in body.splitlines():
        if not inside:
            found.append(line)
        inside = "<<'CSV'" in line or (inside and line != "CSV")
    return found


def test_what_is_told_to_others_is_linked() -> None:
    linked = set(links(README))
    assert {"ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"} <= linked
    assert {"docs/README.md", "docs/invariants.md"} <= linked


def test_the_licence_is_whole() -> None:
    licence = text(Path("LICENSE"))
    assert "Apache License" in licence.splitlines()[1]
    assert licence.count("\n") == 202
    assert "END OF TERMS AND CONDITIONS" in licence
