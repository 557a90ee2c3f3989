"""Every dependency has its reason, is declared where it is installed from, and is pinned."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tidy.tree import files, listing, text

FOLDER = Path("requirements")
NODE = [Path("requirements/browser"), Path("tests/parity/node"), Path("tests/web/node")]
SETS = ["run", "test", "audit", "npm", "client26", "client9"]
BUILDS_THE_PACKAGE = "flit-core"

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def test_each_set_of_requirements_is_checked() -> None:
    assert {path.stem for path in files(FOLDER, ".in")} == set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_each_dependency_has_a_reason(name: str) -> None:
    found = [line for line in _lines(f"{name}.in") if not re.search(r" # \w", line)]
    assert not found, f"write behind each why it is needed, `name  # reason`:{listing(found)}"


def test_the_package_declares_what_run_in_lists() -> None:
    declared = tomllib.loads(text(Path("pyproject.toml")))["project"]["dependencies"]
    listed = {_requirement(line) for line in _lines("run.in")} - {BUILDS_THE_PACKAGE}
    assert set(declared) == listed, (
        "make project.dependencies of pyproject.toml and requirements/run.in the same"
    )


@pytest.mark.parametrize("name", SETS)
def test_the_pins_cover_what_is_asked_for(name: str) -> None:
    asked = {_name(line) for line in _lines(f"{name}.in")}
    missing = asked - _pins(f"{name}.txt").keys()
    assert not missing, f"`make lock` works out {name}.txt anew; it lacks:{listing(missing)}"


def test_both_files_pin_the_same_versions() -> None:
    run, test = _pins("run.txt"), _pins("test.txt")
    shared = sorted(run.keys() & test.keys())
    found = [f"{name} {run[name]} and {test[name]}" for name in shared if run[name] != test[name]]
    assert not found, f"`make lock` works out both files anew:{listing(found)}"


@pytest.mark.parametrize("name", SETS)
def test_each_pin_has_hashes(name: str) -> None:
    blocks = re.split(r"^(?=[a-z])", text(FOLDER / f"{name}.txt"), flags=re.MULTILINE)
    found = [block.strip() for block in blocks if block.strip() and "--hash=sha256:" not in block]
    assert not found, f"`make lock` writes the hashes:{listing(found)}"


def test_each_package_of_the_browser_has_a_reason() -> None:
    package = json.loads(text(NODE[0] / "package.json"))
    reasons, needed = package["//"], package["dependencies"]
    assert reasons.keys() == needed.keys(), 'write under "//" why each is needed'


@pytest.mark.parametrize("folder", NODE, ids=str)
def test_the_node_packages_are_pinned_with_hashes(folder: Path) -> None:
    asked = json.loads(text(folder / "package.json"))["dependencies"]
    packages = json.loads(text(folder / "package-lock.json"))["packages"]
    assert packages.pop("")["dependencies"] == asked, "`make lock` works out package-lock.json anew"
    found = [name for name, each in packages.items() if "integrity" not in each]
    assert not found, f"`make lock` writes the hashes:{listing(found)}"


@pytest.mark.parametrize("folder", NODE, ids=str)
@pytest.mark.parametrize("name", ["package.json", "package-lock.json", ".npmrc"])
def test_the_node_packages_name_no_host(folder: Path, name: str) -> None:
    assert "://" not in text(folder / name), (
        "npm knows where packages are; `make lock` names no host"
    )


def _lines(name: str) -> list[str]:
    lines = [line.strip() for line in text(FOLDER / name).splitlines()]
    return [line for line in lines if line and line[0] not in "#-"]


def _requirement(line: str) -> str:
    return line.partition("#")[0].strip()


def _name(line: str) -> str:
    found = _NAME.match(line)
    assert found, f"no package name in {line!r}"
    return found[0].lower().replace("_", "-")


def _pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text(FOLDER / name), re.MULTILINE))
