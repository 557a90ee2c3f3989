"""A file that is written outlives the processes that work on it: it is begun anew by itself."""

import hashlib
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from process.test_imports import client
from process.test_serve import PATIENCE, folder, run, serving

__all__ = ["folder"]  # a fixture

ROWS = 60_000
FILE = "customerprofileid,amount,reason\n" + "".join(
    f"m{n},1,a reason that makes the line of this row longer\n" for n in range(ROWS)
)


def state_when(asking: httpx.Client, export_id: int, *states: str) -> dict[str, str]:
    """The job once it is in one of the states."""
    until, pause = time.monotonic() + PATIENCE, threading.Event()
    while time.monotonic() < until:
        found: dict[str, str] = asking.get(f"/exports/{export_id}").json()
        if found["state"] in states:
            return found
        pause.wait(0.02)
    pytest.fail(f"export {export_id} never came to {states}")


def begun(asking: httpx.Client, kept: Path) -> int:
    """A workbook that somebody works on, and whose asker has gone."""
    made = asking.post("/exports", json={"kind": "transactions", "format": "xlsx"}).json()
    until, pause = time.monotonic() + PATIENCE, threading.Event()
    while not list(kept.glob(f"{made['id']}.*.part")):
        assert time.monotonic() < until
        pause.wait(0.01)
    return int(made["id"])


def test_a_file_whose_server_is_killed_is_written_by_the_next(folder: Path) -> None:
    (folder / "points.csv").write_text(FILE)
    kept = folder / "data/exports"
    with serving(folder) as server:
        assert server.address
        run(folder, "program", "create", "--name", "Club", "--timezone", "UTC")
        points = str(folder / "points.csv")
        assert run(folder, "import", "points", points, "--program", "Club").returncode == 0
        with client(folder, server) as asking:
            export_id = begun(asking, kept)
            assert asking.get(f"/exports/{export_id}").json()["state"] == "writing"
        server.stop(signal.SIGKILL)
        assert [path.name for path in kept.glob("*.part")]
    with serving(folder) as server, client(folder, server) as asking:
        assert state_when(asking, export_id, "written", "failed")["state"] == "written"
        manifest = asking.get(f"/exports/{export_id}/manifest").json()
        file = asking.get(f"/exports/{export_id}/file")
        assert (manifest["rows"], manifest["sums"]["amount"]) == (ROWS, ROWS)
        assert hashlib.sha256(file.content).hexdigest() == manifest["sha256"]
        assert [path.name for path in kept.iterdir() if path.is_file()] == [str(export_id)]
