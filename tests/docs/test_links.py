"""Links between the documents lead to files and headings that are there."""

from itertools import groupby
from pathlib import Path, PurePosixPath

from docs.documents import documents, links, sections
from tidy.tree import ROOT, listing


def test_relative_links_lead_somewhere() -> None:
    found = [
        f"{path}: {target}"
        for path in documents()
        for target in links(path)
        if _broken(path, target)
    ]
    assert not found, f"correct these links, or add what they name:{listing(found)}"


def _broken(document: Path, target: str) -> bool:
    place, _, anchor = target.partition("#")
    if ":" in place:  # elsewhere on the web
        return False
    path = document.parent / place if place else document
    if not (ROOT / path).exists():
        return True
    named = Path(PurePosixPath((ROOT / path).resolve().relative_to(ROOT)))
    return bool(anchor) and anchor not in _anchors(named)


def _anchors(path: Path) -> set[str]:
    return {section.anchor for section in sections(path)} if path.suffix == ".md" else set()


def test_headings_of_a_document_are_told_apart() -> None:
    found = [
        f"{path}: {anchor}"
        for path in documents()
        for anchor, same in groupby(sorted(section.anchor for section in sections(path)))
        if path != Path("CHANGELOG.md") and len(list(same)) > 1
    ]
    assert not found, f"links cannot tell these headings apart:{listing(found)}"


def test_every_document_is_reached_from_the_index() -> None:
    index = Path("docs/README.md")
    reached = {
        (ROOT / index.parent / target.partition("#")[0]).resolve() for target in links(index)
    }
    documented = {(ROOT / path).resolve() for path in documents()}
    left_out = documented - reached - {ROOT / "README.md", (ROOT / index).resolve()}
    assert not left_out, f"docs/README.md should link these:{listing(map(str, left_out))}"
