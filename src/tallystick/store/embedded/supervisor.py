"""The thread that owns the postgres process: starts it, watches it, restarts it, stops it.

Only that thread touches the process; others set an event and wait. So nothing races, and the
kernel, which ties a child to the thread that made it, ties it to our life.
"""

import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from tallystick.core.errors import CannotStart
from tallystick.store.embedded.binaries import Binaries
from tallystick.store.embedded.cluster import gave_up, last_words
from tallystick.store.embedded.postmaster import (
    finds_lock,
    finds_memory,
    is_ready,
    is_still_running,
    log_size,
    read_log,
    remove_locks,
    rotate_log,
    spawn,
)
from tallystick.store.embedded.state import State, files_refused

LOOK_SECONDS = 0.05  # between two looks at the child; a look is one system call
PAUSE_SECONDS = 0.2  # before a restart
LINGER_SECONDS = 30  # for an earlier run to be gone
DEATHS = 5  # within DEATHS_SECONDS are too many
DEATHS_SECONDS = 60

OnFailure = Callable[[], None]  # called in the server's thread when it is given up

_LOG = structlog.get_logger()


class Supervisor:
    """Keeps one PostgreSQL server running; the caller holds the state folder's lock."""

    def __init__(
        self, state: State, binaries: Binaries, sockets: Path, *, on_failure: OnFailure
    ) -> None:
        self.failed: CannotStart | None = None
        self._on_failure = on_failure
        self._state = state
        self._binaries = binaries
        self._sockets = sockets
        self._deaths: deque[float] = deque(maxlen=DEATHS)  # seconds
        self._settled = threading.Event()  # the first start has succeeded or failed
        self._stopping = threading.Event()
        # A daemon: if nobody stops us, the interpreter may end, and the kernel stops postgres.
        self._thread = threading.Thread(target=self._watch, name="postgres", daemon=True)

    def start(self) -> None:
        """Start the server and return when it takes connections, however long recovery takes.

        Errors: CannotStart with postgres's last words.
        """
        rotate_log(self._state)
        self._thread.start()
        self._settled.wait()
        if self.failed:
            raise self.failed

    def stop(self) -> None:
        """Stop the server, if it was started, and return when it is gone."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        try:
            with files_refused():
                self._keep_serving()
        except CannotStart as refusal:
            self.failed = refusal
            if self._settled.is_set():
                _LOG.critical("PostgreSQL is given up", why=str(refusal))
                self._on_failure()
        finally:
            self._settled.set()

    def _keep_serving(self) -> None:
        while not self._stopping.is_set():
            why = self._serve()
            if not self._stopping.is_set():
                self._note_death(why)
                self._stopping.wait(PAUSE_SECONDS)

    def _serve(self) -> str:
        """Run the server once, to its end, and tell why it ended."""
        patience = time.monotonic() + LINGER_SECONDS
        while not self._stopping.is_set():
            start = log_size(self._state)
            try:
                child = spawn(self._state, self._binaries, self._sockets)
            except OSError as error:
                return self._failed_start(str(error))
            if self._becomes_ready(child):
                self._settled.set()
                return self._follow(child)
            said = read_log(self._state, start=start)
            if not (finds_lock(said) or finds_memory(said)):
                return self._failed_start(said)
            self._wait_for_earlier(said, patience=patience)
        return "stopped"

    def _becomes_ready(self, child: subprocess.Popen[bytes]) -> bool:
        while child.poll() is None:
            if is_ready(self._state.cluster, pid=child.pid):
                return True
            if self._stopping.wait(LOOK_SECONDS / 5):
                _end(child)
        return False

    def _follow(self, child: subprocess.Popen[bytes]) -> str:
        while child.poll() is None:
            if self._stopping.wait(LOOK_SECONDS):
                _end(child)
        return f"it ended with status {child.returncode}"

    def _failed_start(self, said: str) -> str:
        """A first start that fails is the caller's to know; a later one counts as a death."""
        if not self._settled.is_set() and not self._stopping.is_set():
            raise gave_up("postgres", said, self._state.folder)
        return last_words(said)

    def _wait_for_earlier(self, said: str, *, patience: float) -> None:  # seconds
        """Give an earlier run time to end; if it has ended, remove its stale lock files.

        postgres asks no more than whether the number in a lock file is alive. We hold the state
        folder's lock, and see whose number it is.
        """
        cluster = self._state.cluster
        if finds_lock(said) and not is_still_running(cluster):
            remove_locks(cluster, self._sockets)
        elif time.monotonic() > patience:
            raise CannotStart(
                f"an earlier PostgreSQL still runs in {cluster} after {LINGER_SECONDS} seconds"
                f" ({last_words(said)}); stop that process with SIGINT and start again"
            )
        self._stopping.wait(PAUSE_SECONDS)

    def _note_death(self, why: str) -> None:
        now = time.monotonic()
        self._deaths.append(now)
        _LOG.warning("PostgreSQL died and is started again", why=why)
        if len(self._deaths) == DEATHS and now - self._deaths[0] < DEATHS_SECONDS:
            raise CannotStart(
                f"PostgreSQL died {DEATHS} times within {DEATHS_SECONDS} seconds, at last: {why};"
                f" see the end of {self._state.log}, mend the cause and start again"
            )


@contextmanager
def supervised(
    state: State, binaries: Binaries, sockets: Path, *, on_failure: OnFailure
) -> Iterator[Supervisor]:
    """A running server, restarted if it dies, stopped at the end."""
    supervisor = Supervisor(state, binaries, sockets, on_failure=on_failure)
    try:
        supervisor.start()
        yield supervisor
    finally:
        supervisor.stop()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Stop the server the fast way, which rolls back and writes a checkpoint.

    The signal is repeated because postgres, just started, may not listen for it yet.
    """
    while child.poll() is None:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue
