"""The one way in: PostgreSQL for a data folder, run here or by another process of ours."""

import fcntl
import hashlib
import hmac
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tallystick.core.errors import CannotStart
from tallystick.store.embedded.binaries import copy_binaries
from tallystick.store.embedded.cluster import NAME, open_cluster, read_password
from tallystick.store.embedded.postmaster import PORT, SOCKET, serving_sockets
from tallystick.store.embedded.state import LOCK, State, files_refused, not_ours, open_state
from tallystick.store.embedded.supervisor import OnFailure, Supervisor, supervised

JOIN_SECONDS = 60  # for the server of another process to take connections
LOOK_SECONDS = 0.1
APPLICATION = "tallystick_application"  # the role that serves requests
LONGEST_SOCKET = 100  # bytes; systems end between 104 and 108


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A server that takes connections, of the owner at `url`.

    application_url: the same for the role that serves requests, once `migrate` was given it.
    `owned`: it runs, and ends, with this process.
    """

    url: str
    application_url: str
    supervisor: Supervisor | None

    @property
    def owned(self) -> bool:
        """Whether this process runs the server."""
        return self.supervisor is not None

    @property
    def failed(self) -> CannotStart | None:
        """Why the server that this process runs was given up, or None while it is kept running."""
        return self.supervisor.failed if self.supervisor else None


@contextmanager
def embedded_server(
    data_dir: Path, *, join: bool = True, on_failure: OnFailure = lambda: None
) -> Iterator[EmbeddedServer]:
    """PostgreSQL in data_dir/postgres: started here and stopped at the end, or joined.

    It is joined if another process of ours runs it; when that process ends, so does the server.
    Without `join` a minute is given to the other process to end.
    `on_failure` is called, from another thread, when a server that we run cannot be kept running.
    Errors: CannotStart, one line with its cure.
    """
    state = open_state(data_dir)
    with files_refused():
        lock = state.open(LOCK, os.O_RDWR | os.O_CREAT)
    try:
        joined = _lock_or_join(state, lock, join=join)
        if joined:
            yield _server(state, joined, None)
        else:
            with _own_server(state, on_failure) as server:
                yield server
    finally:
        os.close(lock)


@contextmanager
def _own_server(state: State, on_failure: OnFailure) -> Iterator[EmbeddedServer]:
    binaries = copy_binaries(state)
    open_cluster(state, binaries)
    with (
        _socket_folder(state) as sockets,
        supervised(state, binaries, sockets, on_failure=on_failure) as supervisor,
    ):
        yield _server(state, sockets, supervisor)


def _lock_or_join(state: State, lock: int, *, join: bool) -> Path | None:
    """None once we hold the lock, or else the socket folder of the server that its holder runs."""
    patience = time.monotonic() + JOIN_SECONDS
    while not _locks(lock):
        sockets = serving_sockets(state.cluster)
        if sockets and join:
            return sockets
        if time.monotonic() > patience:
            why = "has gone on running" if sockets else "has not answered"
            raise CannotStart(
                f"another process holds {state.folder / LOCK}, and its PostgreSQL {why} for"
                f" {JOIN_SECONDS} seconds; stop that process, or see {state.log}"
            )
        time.sleep(LOOK_SECONDS)
    return None


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _socket_folder(state: State) -> Iterator[Path]:
    """A folder that only the account can enter, short enough for the name of a socket."""
    folder = state.folder / "run"
    if _is_fit(folder):
        with files_refused():
            _claim(folder, state)
        yield folder
        return
    name = hashlib.sha256(os.fsencode(state.folder)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"tallystick-{name}"
    with files_refused():
        _claim(folder, state)
    try:
        yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()


def _is_fit(folder: Path) -> bool:
    """Whether a socket's name fits, and lists of folders, which have commas, cannot misread it."""
    socket = folder / SOCKET
    return len(os.fsencode(socket)) <= LONGEST_SOCKET and not set(str(folder)) & set(',"')


def _claim(folder: Path, state: State) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise CannotStart(f"{folder} is not a folder of mode 0700; remove it and start again")
    if found.st_uid == os.geteuid():
        state.account.give(folder)
    elif found.st_uid != state.account.uid:
        raise not_ours(folder, found.st_uid)


def _server(state: State, sockets: Path, supervisor: Supervisor | None) -> EmbeddedServer:
    password = read_password(state)
    return EmbeddedServer(
        url=_url(sockets, NAME, password),
        application_url=_url(sockets, APPLICATION, _application_password(password)),
        supervisor=supervisor,
    )


def _application_password(password: str) -> str:
    """The other role's password: it follows from the owner's, and the owner's not from it."""
    return hmac.digest(password.encode(), APPLICATION.encode(), hashlib.sha256).hex()


def _url(sockets: Path, role: str, password: str) -> str:
    host = quote(str(sockets), safe="")
    return f"postgresql://{role}:{quote(password)}@/{NAME}?host={host}&port={PORT}"
