"""The server as its operator meets it: a process that is started, asked, stopped and killed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx
import pytest

from tallystick.store.embedded import embedded_server

TALLYSTICK = Path(sys.executable).with_name("tallystick")
PATIENCE = 60  # seconds


@dataclass(slots=True)
class Serving:
    """A running `tallystick serve`; its lines are read as they come."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    grown: threading.Condition = field(default_factory=threading.Condition)

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.grown:
                self.lines.append(line.rstrip("\n"))
                self.grown.notify_all()

    def line(self, pattern: str) -> re.Match[str]:
        """The first line that matches, waited for."""
        found: list[re.Match[str]] = []

        def matches() -> bool:
            found.extend(match for line in self.lines if (match := re.search(pattern, line)))
            return bool(found) or self.process.poll() is not None

        with self.grown:
            self.grown.wait_for(matches, timeout=PATIENCE)
        assert found, self.lines
        return found[0]

    @property
    def address(self) -> str:
        return self.line(r"serves on (http://\S+)")[1]

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)


def environment(folder: Path, **settings: str) -> dict[str, str]:
    ours = {f"TALLYSTICK_{name.upper()}": value for name, value in settings.items()}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TALLYSTICK_")}
    defaults = {
        "TALLYSTICK_DATA_DIR": str(folder / "data"),
        "TALLYSTICK_PORT": "0",
        "TALLYSTICK_DEMO": "0",
    }
    return kept | defaults | ours


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Serving]:
    process = subprocess.Popen(
        [TALLYSTICK, "serve"],
        env=environment(folder, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Serving(process)
    reader = threading.Thread(target=server.read)
    reader.start()
    try:
        yield server
    finally:
        if process.poll() is None:
            server.stop(signal.SIGKILL)
        reader.join(timeout=PATIENCE)
        assert not reader.is_alive(), "a process still holds the output"
        assert process.stdout is not None
        process.stdout.close()


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TALLYSTICK, *arguments],
        env=environment(folder, **settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def eventually(address: str, path: str, status: int) -> None:
    """Return when `path` answers with `status`."""
    until = time.monotonic() + PATIENCE
    pause = threading.Event()
    while httpx.get(address + path).status_code != status:
        assert time.monotonic() < until
        pause.wait(0.05)


def processes_in(folder: Path) -> list[str]:
    """The command lines of processes that name the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of PostgreSQL can reach, also when we are root."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_first_start_prints_a_sign_in_and_a_curl_line_that_work(folder: Path) -> None:
    with serving(folder, demo="1") as server:
        email = server.line(r"Sign in: +(\S+)")[1]
        password = server.line(r"Password: +(\S+)")[1]
        curl = server.line(r"(curl .*)")[1]
        answer = subprocess.run(
            ["bash", "-c", f"{curl} --silent --fail"], capture_output=True, check=True
        )
        assert json.loads(answer.stdout)["balance"]["activePoints"] > 0
        session = httpx.post(
            f"{server.address}/v1/sessions", json={"email": email, "password": password}
        )
        assert session.status_code == 201
        key = server.line(r"Management key: +(\S+)")[1]
        programs = httpx.get(
            f"{server.address}/v1/loyalty_programs",
            headers={"Authorization": f"ManagementKey-v1 {key}"},
        )
        assert [program["name"] for program in programs.json()["data"]] == ["demo"]
        assert server.stop() == 0
        assert server.lines[-1] == "Tallystick has stopped."
    assert not processes_in(folder)
    assert (folder / "data" / "sign-in.json").stat().st_mode & 0o777 == 0o600
    assert (folder / "data" / "secret-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_started_again_it_finds_its_data(folder: Path, number: int) -> None:
    with serving(folder) as server:
        address = server.address
        run(folder, "program", "create", "--name", "kept", "--timezone", "UTC")
        assert httpx.get(f"{address}/readyz").status_code == 200
        server.stop(number)
    with serving(folder) as server:
        assert httpx.get(f"{server.address}/readyz").status_code == 200
        listed = run(folder, "program", "list", "--json")
        assert [program["name"] for program in json.loads(listed.stdout)] == ["kept"]
        assert server.stop() == 0


def test_a_killed_postgres_is_back_in_moments(folder: Path) -> None:
    with serving(folder) as server:
        address = server.address
        pid = int((folder / "data/postgres/cluster/postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        server.line("PostgreSQL died and is started again")
        eventually(address, "/readyz", 200)
        assert server.stop() == 0


def test_a_server_waits_until_no_command_runs_the_database(folder: Path) -> None:
    with ExitStack() as command:
        command.enter_context(embedded_server(folder / "data"))
        with serving(folder) as server:
            threading.Event().wait(1)  # long enough to join, if it did
            assert not server.lines
            command.close()
            assert httpx.get(f"{server.address}/readyz").status_code == 200
            assert server.stop() == 0


def test_several_workers_serve_one_port_and_end_with_their_parent(folder: Path) -> None:
    with serving(folder, workers="2") as server:
        port = urlsplit(server.address).port
        eventually(server.address, "/readyz", 200)
        server.stop(signal.SIGKILL)
        until = time.monotonic() + PATIENCE
        pause = threading.Event()
        while not is_free(port):
            assert time.monotonic() < until
            pause.wait(0.05)
    with serving(folder, workers="2", port=str(port)) as server:
        eventually(server.address, "/readyz", 200)
        assert server.stop() == 0


def is_free(port: int | None) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port or 0)) != 0


def test_an_external_database_takes_the_place_of_the_embedded_one(
    folder: Path, database_url: str
) -> None:
    with serving(folder, database_url=database_url, demo="1") as server:
        assert httpx.get(f"{server.address}/readyz").status_code == 200
        assert server.stop() == 0
    assert not (folder / "data" / "postgres").exists()
    listed = run(folder, "program", "list", "--json", database_url=database_url)
    assert [program["name"] for program in json.loads(listed.stdout)] == ["demo"]


def test_the_first_admin_is_the_one_of_the_environment(folder: Path, database_url: str) -> None:
    mine = {"email": "ada@example.com", "password": "correct horse battery"}
    settings = {"admin_email": mine["email"], "admin_password": mine["password"]}
    with serving(folder, database_url=database_url, **settings) as server:
        address = server.address
        assert httpx.post(f"{address}/v1/sessions", json=mine).status_code == 201
        wrong = httpx.post(f"{address}/v1/sessions", json=mine | {"password": "guess"})
        assert wrong.status_code == 401
        server.line("as set in TALLYSTICK_ADMIN_PASSWORD")
        assert server.stop() == 0
    assert mine["password"] not in (folder / "data" / "sign-in.json").read_text()


def test_the_first_admin_is_made_on_the_setup_page(folder: Path, database_url: str) -> None:
    with serving(folder, database_url=database_url, setup_page="1") as server:
        page = server.line(r"Set it up: +(\S+)")[1]
        assert httpx.get(page).status_code == 200
        token = page.rpartition("=")[2]
        form = {"token": token, "email": "ada@example.com", "password": "correct horse battery"}
        answer = httpx.post(page, data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 303
        assert server.stop() == 0
    assert not (folder / "data" / "sign-in.json").exists()
    with serving(folder, database_url=database_url, setup_page="1") as server:
        assert httpx.get(page.replace(page[: page.index("/setup")], server.address)).is_error
        assert not any("Set it up" in line for line in server.lines)
        assert server.stop() == 0


def test_the_secret_key_decides_which_keys_are_known(folder: Path, database_url: str) -> None:
    first, other = "a" * 32, "b" * 32
    made = run(
        folder,
        *("key", "create", "--kind", "management", "--name", "till"),
        database_url=database_url,
        secret_key=first,
    )
    headers = {"Authorization": f"ManagementKey-v1 {made.stdout.strip()}"}
    for secret, status in [(first, 200), (other, 401)]:
        with serving(folder, database_url=database_url, secret_key=secret) as server:
            answer = httpx.get(f"{server.address}/v1/loyalty_programs", headers=headers)
            assert answer.status_code == status
            assert server.stop() == 0


def test_a_port_in_use_is_one_clear_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run(folder, "serve", port=str(port))
    assert refused.returncode == 1
    assert refused.stderr == (
        f"cannot listen on 127.0.0.1, port {port}: Address already in use;"
        " end what uses it, or set TALLYSTICK_HOST or TALLYSTICK_PORT\n"
    )
    assert not (folder / "data").exists()


WRONG = [
    ({"port": "http"}, "TALLYSTICK_PORT: found 'http'; write a whole number from 0 to 65535"),
    ({"workers": "0"}, "TALLYSTICK_WORKERS: found '0'; write a whole number from 1 to 16"),
    ({"demo": "yes"}, "TALLYSTICK_DEMO: found 'yes'; write 1 for yes or 0 for no"),
    ({"secret_key": "short"}, "TALLYSTICK_SECRET_KEY: found '5 characters'; write at least 32"),
    ({"admin_password": "x"}, "TALLYSTICK_ADMIN_PASSWORD: found '1 characters'; write at least 12"),
    ({"admin_password": "1qaz2wsx3edc"}, "TALLYSTICK_ADMIN_PASSWORD: found a password that many"),
    ({"admin_email": "ada"}, "TALLYSTICK_ADMIN_EMAIL: found 'ada'; write an address"),
    ({"database_url": "mysql://x"}, "TALLYSTICK_DATABASE_URL: found 'mysql://x'; write postgresql"),
    ({"database_url": "postgresql://x@127.0.0.1:1/y"}, "the database cannot be reached"),
    ({"host": "no.such.host.invalid"}, "cannot listen on no.such.host.invalid, port 0"),
]


@pytest.mark.parametrize(("settings", "told"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_setting_is_one_clear_line(
    folder: Path, settings: dict[str, str], told: str
) -> None:
    refused = run(folder, "serve", **settings)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1
    assert refused.stderr.startswith(told)


def test_a_data_folder_of_another_version_is_one_clear_line(folder: Path) -> None:
    with embedded_server(folder / "data"):
        pass
    (folder / "data/postgres/cluster/PG_VERSION").write_text("17\n")
    refused = run(folder, "serve")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "17" in refused.stderr
    assert "18" in refused.stderr


def test_a_data_folder_that_is_a_file_is_one_clear_line(folder: Path) -> None:
    (folder / "data").write_text("not a folder")
    refused = run(folder, "serve")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
