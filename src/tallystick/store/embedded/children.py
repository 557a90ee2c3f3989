"""How PostgreSQL's programs are started: as the account, with a bare environment, tied to us."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

from tallystick.store.embedded.account import Account

# Nothing of our environment: it may hold secrets, and PG* variables would change what is started.
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
PR_SET_PDEATHSIG = 1  # of Linux's prctl

Command = Sequence[str | Path]


class _Switch(TypedDict):
    """How `subprocess` becomes another account first; None changes nothing."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def run(command: Command, account: Account, *, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program to its end; its stderr comes back joined to its stdout."""
    return subprocess.run(  # noqa: S603 - programs and arguments are our own
        command,
        cwd="/",
        env=ENVIRONMENT,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        preexec_fn=stop_with(os.getpid()),
        **_switch(account),
    )


def start(command: Command, account: Account, *, log: int) -> subprocess.Popen[bytes]:
    """Start a program that goes on beside us and writes to the descriptor `log`.

    It has a session of its own: Ctrl-C at the terminal is for us, and we stop it in turn. On Linux
    the kernel sends it SIGINT when the calling *thread* ends, so that must be a lasting one.
    """
    return subprocess.Popen(  # noqa: S603 - programs and arguments are our own
        command,
        cwd="/",
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=stop_with(os.getpid()),  # noqa: PLW1509 - one prepared system call, no locks
        **_switch(account),
    )


def reaches(account: Account, folder: Path) -> bool:
    """Whether the account can enter the folder, which all folders above it must allow too."""
    return run(["test", "-x", folder], account).returncode == 0


def _switch(account: Account) -> _Switch:
    if account.uid == os.geteuid():
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def stop_with(parent: int) -> Callable[[], None] | None:
    """What ends the process that calls it, with SIGINT, when its parent has ended.

    None where the kernel offers no such thing.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong]

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:  # it ended before the kernel knew
            os._exit(1)

    return ask_kernel
