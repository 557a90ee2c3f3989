"""An import outlives the processes that work on it: what is killed is begun anew, never doubled."""

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from process.test_serve import PATIENCE, Serving, eventually, folder, run, serving

__all__ = ["folder"]  # a fixture

ROWS = 60_000
FILE = b"customerprofileid,amount\n" + b"".join(b"m%d,1\n" % (n % 500) for n in range(ROWS))


def client(folder: Path, server: Serving) -> httpx.Client:
    made = run(folder, "key", "create", "--kind", "management", "--name", "till")
    headers = {"Authorization": f"ManagementKey-v1 {made.stdout.strip()}"}
    base_url = f"{server.address}/v1/loyalty_programs/1"
    return httpx.Client(base_url=base_url, headers=headers, timeout=PATIENCE)


def job_when(asking: httpx.Client, import_id: int, *states: str) -> dict[str, Any]:
    """The job once it is in one of the states; a server that is away is asked again."""
    until = time.monotonic() + PATIENCE
    pause = threading.Event()
    while time.monotonic() < until:
        answer = asking.get(f"/imports/{import_id}")
        if answer.is_success and answer.json()["state"] in states:
            found: dict[str, Any] = answer.json()
            return found
        pause.wait(0.02)
    pytest.fail(f"import {import_id} never came to {states}")


def started(asking: httpx.Client) -> int:
    """An import that somebody works on, and whose sender has gone."""
    sent = asking.post("/imports", files={"upFile": FILE}, params={"start": "import"})
    import_id = int(sent.json()["id"])
    pause = threading.Event()
    until = time.monotonic() + PATIENCE
    while "begun" not in asking.get(f"/imports/{import_id}").json():
        assert time.monotonic() < until
        pause.wait(0.01)
    return import_id


def total(folder: Path) -> str:
    told = run(folder, "balances", "--program", "Club", "--totals", "--format", "json")
    return str(json.loads(told.stdout, parse_float=str)["active"])


def test_an_import_whose_server_is_killed_is_done_once_by_the_next(folder: Path) -> None:
    """Accident 35: what broke off was tried again, and the rows were there twice."""
    with serving(folder) as server:
        assert server.address
        run(folder, "program", "create", "--name", "Club", "--timezone", "UTC")
        with client(folder, server) as asking:
            import_id = started(asking)
        server.stop(signal.SIGKILL)
    with serving(folder) as server, client(folder, server) as asking:
        job = job_when(asking, import_id, "imported", "failed")
        assert (job["state"], job["importedRows"]) == ("imported", ROWS)
        assert total(folder) == f"{ROWS}.00"
        assert run(folder, "verify").returncode == 0


def test_an_import_whose_database_is_killed_is_done_once(folder: Path) -> None:
    with serving(folder) as server:
        address = server.address
        run(folder, "program", "create", "--name", "Club", "--timezone", "UTC")
        with client(folder, server) as asking:
            import_id = started(asking)
            pid = int((folder / "data/postgres/cluster/postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGKILL)
            server.line("PostgreSQL died and is started again")
            eventually(address, "/readyz", 200)
            job = job_when(asking, import_id, "imported", "failed")
        assert (job["state"], job["importedRows"]) == ("imported", ROWS)
        assert total(folder) == f"{ROWS}.00"
