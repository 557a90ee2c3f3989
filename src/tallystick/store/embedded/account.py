"""The account of the operating system that PostgreSQL runs under.

PostgreSQL refuses to run as root, so root hands its work to an unprivileged account; everybody else
runs it as themselves.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tallystick.core.errors import CannotStart

ROOT = 0
OWN_ACCOUNT = "tallystick"
SERVICE_ACCOUNTS = ("postgres", OWN_ACCOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who owns PostgreSQL's files and runs its programs."""

    name: str
    uid: int
    gid: int

    def give(self, path: Path) -> None:
        """Make one file or folder this account's own, never what a link leads to."""
        if self.uid != os.geteuid():
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def own_account() -> Account:
    """The account for new files: ourselves, or for root a service account, made if there is none.

    Errors: CannotStart if no such account can be made, or if our user id has no name.
    """
    if os.geteuid() == ROOT:
        return next(_service_accounts(), None) or _make_account()
    try:
        return _of_entry(pwd.getpwuid(os.geteuid()))
    except KeyError:
        raise CannotStart(
            f"PostgreSQL does not run for the user id {os.geteuid()}, which has no name; add a line"
            " for it to /etc/passwd, run as another user, or set TALLYSTICK_DATABASE_URL"
        ) from None


def account_of(uid: int) -> Account | None:
    """The account that works with files of `uid`, or None if they are not ours to work with."""
    if uid == os.geteuid():
        return own_account()
    if os.geteuid() == ROOT:
        return next((account for account in _service_accounts() if account.uid == uid), None)
    return None


def name_of(uid: int) -> str:
    """The name of an account for people, or its number if it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"


def _service_accounts() -> Iterator[Account]:
    for name in SERVICE_ACCOUNTS:
        with suppress(KeyError):
            yield _of_entry(pwd.getpwnam(name))


def _of_entry(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _make_account() -> Account:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise _no_account("there is no useradd")
    made = subprocess.run(  # noqa: S603 - the program and its arguments are fixed
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OWN_ACCOUNT],
        capture_output=True,
        text=True,
        check=False,
    )
    try:  # another process may have made it first, which is as good
        return _of_entry(pwd.getpwnam(OWN_ACCOUNT))
    except KeyError:
        raise _no_account(made.stderr.strip()) from None


def _no_account(why: str) -> CannotStart:
    return CannotStart(
        f"PostgreSQL does not run as root, and no account {OWN_ACCOUNT!r} could be made for it"
        f" ({why}); make a system account {OWN_ACCOUNT!r}, run Tallystick as an ordinary user, or"
        " set TALLYSTICK_DATABASE_URL"
    )
