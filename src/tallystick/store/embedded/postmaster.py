"""One run of PostgreSQL: how it is started as our child, and what its files tell about it.

A process number that is read from a file is compared, never signalled: after a power cut it may
belong to anything.
"""

import os
import re
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tallystick.store.embedded.binaries import Binaries
from tallystick.store.embedded.children import Command, start
from tallystick.store.embedded.state import State, files_refused

PORT = 5432  # only a part of the socket's name
SOCKET = f".s.PGSQL.{PORT}"
MEGABYTE = 2**20
LOG = "log"
PID_FILE = "postmaster.pid"
LARGEST_LOG = 10 * MEGABYTE
MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")  # a container's, where there is one
LONGEST_TAIL = 2**16

# What postgres says while an earlier run is on its way out. It says the first as well if only the
# number in one of its two lock files is alive, whatever that number stands for by now.
_LOCK_TAKEN = re.compile(r'lock file ".+" already exists')
_MEMORY_TAKEN = "pre-existing shared memory block"


@dataclass(frozen=True, slots=True, kw_only=True)
class PidFile:
    """What `postmaster.pid` tells: who wrote it, where it listens and how far it has come.

    It grows as a server starts, so what comes late may be empty.
    """

    pid: int
    sockets: Path
    status: str


def read_pid_file(cluster: Path) -> PidFile | None:
    """What the cluster's `postmaster.pid` says, or None if there is none."""
    with suppress(OSError, ValueError):
        lines = (cluster / PID_FILE).read_text().splitlines()
        lines += [""] * (8 - len(lines))
        return PidFile(pid=int(lines[0]), sockets=Path(lines[4]), status=lines[7].strip())
    return None


def is_ready(cluster: Path, *, pid: int) -> bool:
    """Whether the server with this pid, and no earlier one, takes connections."""
    found = read_pid_file(cluster)
    return found is not None and found.pid == pid and found.status == "ready"


def serving_sockets(cluster: Path) -> Path | None:
    """The socket folder of the server that somebody else runs on the cluster, once it is ready.

    A stale file can say ready, but nobody answers at its socket; and a server that answers has
    written its own file before.
    """
    found = read_pid_file(cluster)
    if found is None or not _answers(found.sockets):
        return None
    found = read_pid_file(cluster)
    return found.sockets if found is not None and found.status == "ready" else None


def is_still_running(cluster: Path) -> bool:
    """Whether the server that wrote `postmaster.pid` still runs, and not merely its number."""
    found = read_pid_file(cluster)
    if found is None:
        return False
    with suppress(OSError):  # no such process, a dead one, somebody else's, or no /proc
        if Path(f"/proc/{found.pid}/cwd").readlink() == cluster:
            return True
    return _answers(found.sockets)


def finds_lock(said: str) -> bool:
    """Whether postgres gave up because of a lock file, be it of an earlier run or stale."""
    return _LOCK_TAKEN.search(said) is not None


def finds_memory(said: str) -> bool:
    """Whether postgres gave up because an earlier run's processes still share their memory."""
    return _MEMORY_TAKEN in said


def remove_locks(cluster: Path, sockets: Path) -> None:
    """Remove the lock files of a server that runs no more."""
    (cluster / PID_FILE).unlink(missing_ok=True)
    (sockets / f"{SOCKET}.lock").unlink(missing_ok=True)


def spawn(state: State, binaries: Binaries, sockets: Path) -> subprocess.Popen[bytes]:
    """Start postgres as a child of the calling thread, writing to the log."""
    settings = [part for pair in _settings(sockets).items() for part in ("-c", "=".join(pair))]
    log = state.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        command: Command = [binaries.folder / "postgres", "-D", state.cluster, *settings]
        return start(command, state.account, log=log)
    finally:
        os.close(log)


def read_log(state: State, *, start: int) -> str:
    """What was written to the log from byte `start` on, the last part if it is long."""
    with suppress(FileNotFoundError), os.fdopen(state.open(LOG, os.O_RDONLY), "rb") as file:
        file.seek(max(start, os.fstat(file.fileno()).st_size - LONGEST_TAIL))
        return file.read().decode(errors="replace")
    return ""


def log_size(state: State) -> int:
    """How many bytes the log has."""
    return state.log.lstat().st_size if state.log.exists() else 0


def rotate_log(state: State) -> None:
    """Begin a new log if the old one has grown large; one old one is kept."""
    with files_refused():
        if log_size(state) > LARGEST_LOG:
            state.log.replace(state.log.with_name("log.1"))


def _settings(sockets: Path) -> dict[str, str]:
    return {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": f"{_shared_megabytes()}MB",
        "max_wal_size": "4GB",
        "wal_compression": "pglz",
        "max_connections": "100",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",  # `finds_lock` and `finds_memory` read them
        "logging_collector": "off",
        "log_destination": "stderr",
    }


def _shared_megabytes() -> int:
    """A quarter of the memory we may use, from 128 to 512 megabytes."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # outside containers there is no file, or it says "max"
        memory = min(memory, int(MEMORY_LIMIT.read_text()))
    return min(max(memory // 4 // MEGABYTE, 128), 512)


def _answers(sockets: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)  # seconds; a server that hangs takes no more callers
        try:
            client.connect(str(sockets / SOCKET))
        except OSError:
            return False
        return True
