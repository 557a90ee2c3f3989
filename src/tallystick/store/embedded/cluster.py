"""The cluster: PostgreSQL's data, made once, whole or not at all.

It holds one role and one database, both called `tallystick`. Text sorts by code point, so that an
upgrade of the operating system cannot put an index out of order.
"""

import os
import re
import secrets
import shutil
from pathlib import Path

from tallystick.core.errors import CannotStart
from tallystick.store.embedded.binaries import Binaries
from tallystick.store.embedded.children import run
from tallystick.store.embedded.state import ANOTHER_FOLDER, State, files_refused, not_ours

NAME = "tallystick"  # of the role and of the database
PASSWORD = "password"  # noqa: S105 - a file's name

_TELLING = re.compile(r"(?:FATAL|PANIC|error):\s.*")
FULL_DISK = ("No space left on device", "Check free disk space")

LAYOUT = (
    f"--username={NAME}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)


def open_cluster(state: State, binaries: Binaries) -> None:
    """Make the cluster if there is none, and see that it is ours and we know its password.

    The caller holds the state folder's lock.
    Errors: CannotStart for a cluster of another version or owner, or one that cannot be made.
    """
    with files_refused():
        if _is_there(state.cluster, binaries.major):
            _refuse_foreign(state)
            _renew_password(state, binaries)
        else:
            _make(state, binaries)


def read_password(state: State) -> str:
    """The password of the role, which only the account and root can read."""
    with files_refused(), os.fdopen(state.open(PASSWORD, os.O_RDONLY), encoding="utf-8") as file:
        return file.read()


def last_words(said: str) -> str:
    """The line of a program's output that tells best why it gave up."""
    telling = _TELLING.findall(said)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next(reversed(telling or lines), "it said nothing")


def gave_up(program: str, said: str, folder: Path) -> CannotStart:
    """The refusal that follows from what a program of PostgreSQL said at last."""
    if any(words in said for words in FULL_DISK):
        cure = f"the disk of {folder} is full: free some space and start again"
    else:
        cure = f"mend that and start again, or {ANOTHER_FOLDER}"
    return CannotStart(f"{program} gave up: {last_words(said)}; {cure}")


def _is_there(cluster: Path, major: str) -> bool:
    try:
        found = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        if cluster.exists() and any(cluster.iterdir()):
            raise CannotStart(
                f"{cluster} is not a PostgreSQL data folder: it has no PG_VERSION; restore it from"
                f" a backup, or {ANOTHER_FOLDER}"
            ) from None
        return False
    if found != major:
        raise CannotStart(
            f"{cluster} was made by PostgreSQL {found}, and this Tallystick brings PostgreSQL"
            f" {major}; dump it with PostgreSQL {found} and load the dump here, keep using the"
            f" Tallystick that made it, or {ANOTHER_FOLDER}"
        )
    return True


def _refuse_foreign(state: State) -> None:
    owner = state.cluster.stat().st_uid
    if owner != state.account.uid:
        raise not_ours(state.cluster, owner)


def _make(state: State, binaries: Binaries) -> None:
    for abandoned in state.folder.glob("cluster-*.new"):
        shutil.rmtree(abandoned, ignore_errors=True)
    fresh = state.folder / f"cluster-{secrets.token_hex(4)}.new"
    _write_password(state, secrets.token_urlsafe(24))
    pwfile = f"--pwfile={state.folder / PASSWORD}"
    made = run([binaries.folder / "initdb", *LAYOUT, pwfile, "-D", fresh], state.account)
    if made.returncode:
        raise gave_up("initdb", made.stdout, state.folder)
    _execute(f"CREATE DATABASE {NAME}", fresh, state, binaries)
    fresh.rename(state.cluster)
    _sync(state.folder)


def _renew_password(state: State, binaries: Binaries) -> None:
    """Set a new password if its file is gone, which nothing else would bring back."""
    if (state.folder / PASSWORD).exists():
        return
    password = secrets.token_urlsafe(24)
    _execute(f"ALTER ROLE {NAME} PASSWORD '{password}'", state.cluster, state, binaries)
    _write_password(state, password)


def _write_password(state: State, password: str) -> None:
    fresh = state.folder / f"{PASSWORD}.new"
    fresh.unlink(missing_ok=True)
    descriptor = state.open(fresh.name, os.O_WRONLY | os.O_CREAT)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(password)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(state.folder / PASSWORD)
    _sync(state.folder)


def _execute(sql: str, cluster: Path, state: State, binaries: Binaries) -> None:
    """Run one statement on a cluster that no server runs on."""
    options = ("--single", "-D", cluster, "-c", "exit_on_error=on", "postgres")
    ran = run([binaries.folder / "postgres", *options], state.account, stdin=f"{sql};\n")
    if ran.returncode:
        raise gave_up("postgres", ran.stdout, state.folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
