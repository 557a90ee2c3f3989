"""The state folder: where everything of the embedded PostgreSQL lies, and whose it is.

It is `postgres` in the data folder, or a link of that name where the account that PostgreSQL runs
under cannot reach the data folder. The folder belongs to that account, so files in it are opened
without following links.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from tallystick.core.errors import CannotStart
from tallystick.store.embedded.account import ROOT, Account, account_of, name_of, own_account
from tallystick.store.embedded.children import reaches

LOCK, CLUSTER = "lock", "cluster"  # names in it
ELSEWHERE = Path("/var/lib/tallystick")
ANOTHER_FOLDER = "point TALLYSTICK_DATA_DIR at an empty folder"

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state folder, free of links, and the account it belongs to."""

    folder: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / CLUSTER

    @property
    def log(self) -> Path:
        """What PostgreSQL says."""
        return self.folder / "log"

    def open(self, name: str, flags: int) -> int:
        """A descriptor of a file in the folder; with O_CREAT a new file is the account's."""
        path = self.folder / name
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC
        if flags & os.O_CREAT:
            with suppress(FileExistsError):
                descriptor = os.open(path, flags | os.O_EXCL, 0o600)
                self.account.give(path)
                return descriptor
        return os.open(path, flags & ~os.O_CREAT)


def open_state(data_dir: Path) -> State:
    """The state folder of a data folder, made if there is none.

    Errors: CannotStart if it cannot be made or used, or belongs to somebody else.
    """
    place = data_dir.absolute() / "postgres"
    with files_refused():
        place.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(place):
            _make(place)
        return _existing(place)


@contextmanager
def files_refused() -> Iterator[None]:
    """Errors of the file system become refusals that name the file and the cure."""
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise CannotStart(
            f"{error.filename}: a file is in the place of a folder; move the file away, or"
            f" {ANOTHER_FOLDER}"
        ) from error
    except OSError as error:
        path, what = _place_and_cause(error)
        if os.strerror(errno.ENOSPC) in what:
            raise CannotStart(
                f"the disk of {path} is full; free some space and start again"
            ) from error
        raise CannotStart(
            f"{path}: {what}; {ANOTHER_FOLDER} that you may write to, on a disk that runs programs"
        ) from error


def _place_and_cause(error: OSError) -> tuple[str, str]:
    if isinstance(error, shutil.Error):  # of copying a tree: a list of (from, to, what happened)
        _, path, what = error.args[0][0]
        return path, what
    return error.filename or "the data folder", error.strerror or str(error)


def _make(place: Path) -> None:
    account = own_account()
    if os.geteuid() != ROOT or reaches(account, place.parent):
        place.mkdir(mode=0o700, exist_ok=True)
        return
    ELSEWHERE.mkdir(parents=True, exist_ok=True)
    ELSEWHERE.chmod(0o711)
    folder = ELSEWHERE / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    try:
        place.symlink_to(folder)
    except FileExistsError:  # another process was faster; its folder is the one
        folder.rmdir()
        return
    _LOG.info(
        "PostgreSQL keeps its files elsewhere, as its account cannot reach the data folder",
        account=account.name,
        link=str(place),
        folder=str(folder),
    )


def _existing(place: Path) -> State:
    folder = place.resolve()
    if not folder.exists():
        raise CannotStart(
            f"{place} leads to {folder}, which is not there; bring that folder back, or remove the"
            " link to begin with an empty ledger"
        )
    owner = folder.stat().st_uid
    account = account_of(owner)
    if account is None:
        raise not_ours(folder, owner)
    _refuse_other_use(folder)
    if owner != account.uid:
        account.give(folder)
    folder.chmod(0o700)
    _refuse_unreachable(folder, account)
    return State(folder=folder, account=account)


def _refuse_other_use(folder: Path) -> None:
    """Refuse a folder with files but neither a cluster nor a lock, the first file we make."""
    names = {path.name for path in folder.iterdir()}
    if names and names.isdisjoint({LOCK, CLUSTER}):
        raise CannotStart(
            f"{folder} holds files that are not Tallystick's; move them away, or {ANOTHER_FOLDER}"
        )


def not_ours(path: Path, owner: int) -> CannotStart:
    """The refusal of files that belong to the account `owner`."""
    return CannotStart(
        f"{path} belongs to the user {name_of(owner)}, and Tallystick runs as"
        f" {name_of(os.geteuid())}; run it as {name_of(owner)}, hand the files over with chown, or"
        f" {ANOTHER_FOLDER}"
    )


def _refuse_unreachable(folder: Path, account: Account) -> None:
    if os.geteuid() == ROOT and not reaches(account, folder):
        raise CannotStart(
            f"the user {account.name}, under whom PostgreSQL runs, cannot enter {folder}; allow it"
            " with chmod o+x on the folders above, or move the data folder elsewhere"
        )
