"""What no file of the project may contain, whatever its kind."""

import re

import pytest

from tidy.tree import listing, project_files, text

LEFT_OVER = re.compile(r"\b(?:TO[D]O|FIX[M]E|X{3}|HA[C]K)\b")
ONE_MACHINE = re.compile(r"(?<![\w.}/])/(?:root|home|tmp|work|Users)\b")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|(?:deb|security)\.debian\.org"
    r"|file:/{2}|:/{2}\S+\.(?:whl|tar\.gz|tgz)\b"
    r"|^\s*(?:--index-url|--extra-index-url|--find-links|-i|-f)\s",
    re.MULTILINE,
)


@pytest.mark.parametrize(
    ("pattern", "cure"),
    [
        pytest.param(LEFT_OVER, "do it now, or file it as an issue", id="left-over notes"),
        pytest.param(ONE_MACHINE, "other machines lack this folder", id="paths of one machine"),
        pytest.param(REGISTRY, "pip and npm know where packages are", id="package registries"),
    ],
)
def test_no_file_contains(pattern: re.Pattern[str], cure: str) -> None:
    found = [
        f"{path}:{number} {line.strip()[:100]}"
        for path in project_files()
        for number, line in enumerate(text(path).splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found, f"{cure}:{listing(found)}"


def test_no_merge_is_half_done() -> None:
    conflict = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
    found = [str(path) for path in project_files() if conflict.search(text(path))]
    assert not found, f"choose one side in these files:{listing(found)}"
