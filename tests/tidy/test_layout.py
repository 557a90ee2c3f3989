"""What a newcomer sees first."""

import re
from pathlib import Path

from tidy.tree import listing, project_files, text

TOP_LEVEL_ENTRIES = 15


def test_the_top_level_is_small() -> None:
    found = sorted({path.parts[0] for path in project_files() if path.parts[0][0] != "."})
    assert len(found) <= TOP_LEVEL_ENTRIES, (
        f"{len(found)} entries at the top, at most {TOP_LEVEL_ENTRIES}; move one into a folder:"
        f"{listing(found)}"
    )


def test_the_changelog_names_what_is_coming_or_the_version() -> None:
    heading = re.compile(r"^## \[?(Unreleased|\d+\.\d+\.\d+)\b", re.MULTILINE)
    changelog = [text(path) for path in project_files() if path == Path("CHANGELOG.md")]
    assert any(map(heading.search, changelog)), (
        "CHANGELOG.md needs a section `## Unreleased` (or `## 1.2.3 - date`) with what changed"
    )
