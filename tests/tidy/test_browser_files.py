"""What pages load from npm packages is fetched by `bin/setup`, and comes with the wheel."""

import gzip
import json
import re
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from flit_core import buildapi

from tidy.tree import PACKAGE, ROOT, files

VENDOR = PACKAGE / "web/static/vendor"
CURE = "`make install` fetches the files that pages load"


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[zipfile.ZipFile]:
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / buildapi.build_wheel(str(tmp_path))) as opened:
        yield opened


def manifest() -> dict[str, str]:
    path = ROOT / VENDOR / "manifest.json"
    assert path.exists(), CURE
    named: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return named


def test_each_name_holds_the_digest_of_the_content() -> None:
    for name, hashed in manifest().items():
        digest = sha256((ROOT / VENDOR / hashed).read_bytes()).hexdigest()[:12]
        assert hashed == f"{Path(name).stem}.{digest}{Path(name).suffix}"


def test_the_font_names_only_files_that_are_there() -> None:
    style = (ROOT / VENDOR / manifest()["inter.css"]).read_text(encoding="utf-8")
    assert set(re.findall(r"url\((.*?)\)", style)) == {
        hashed for name, hashed in manifest().items() if name.endswith(".woff2")
    }


def test_none_of_them_is_tracked() -> None:
    assert files(VENDOR, "") == []


def test_the_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top.partition("-")[0] for top in tops} == {"tallystick"}
    strange = [
        name
        for name in wheel.namelist()
        if {"tests", "bench", ".git", ".venv", "data"} & set(name.split("/"))
    ]
    assert not strange


def test_the_wheel_contains_them_with_their_licences(wheel: zipfile.ZipFile) -> None:
    inside = {Path(name).name for name in wheel.namelist() if "/static/vendor/" in name}
    assert {"manifest.json", *manifest().values()} < inside
    assert {"echarts.LICENSE.txt", "htmx.LICENSE.txt", "inter.LICENSE.txt"} < inside


@pytest.mark.parametrize(
    ("names", "kilobytes"),
    [
        pytest.param(["htmx.js", "inter.css", "inter-latin.woff2"], 65, id="every page"),
        pytest.param(["echarts.js"], 245, id="pages with charts"),
    ],
)
def test_they_leave_room_in_the_budget_of_a_first_load(names: list[str], kilobytes: int) -> None:
    """A first load may take 100 KB compressed, and 450 KB with the chart library."""
    contents = [(ROOT / VENDOR / manifest()[name]).read_bytes() for name in names]
    assert sum(len(gzip.compress(content)) for content in contents) <= kilobytes * 1024
