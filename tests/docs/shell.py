"""A real server in a folder of its own, and a shell in which a document's commands are run."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

BIN = Path(sys.executable).parent
DOCUMENTED = "http://127.0.0.1:8080"
PATIENCE = 180  # seconds

_END = "-- end of block, status "


class Printed(NamedTuple):
    """What a block of commands printed, stdout and stderr as they came, and its last status."""

    text: str
    status: int


class Shell(NamedTuple):
    """Where commands are run; `address` is where the server really listens."""

    folder: Path
    environment: Mapping[str, str]
    address: str

    def run(self, blocks: Sequence[str]) -> list[Printed]:
        """Run blocks one after the other in one shell; what each printed."""
        script = "\n".join(f"{block}\necho; echo '{_END}'$?" for block in blocks)
        ran = subprocess.run(
            ["bash", "-c", script.replace(DOCUMENTED, self.address)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        parts = re.split(rf"^{_END}(\d+)\n", ran.stdout, flags=re.MULTILINE)
        return [
            Printed(text, int(status))
            for text, status in zip(parts[:-1:2], parts[1::2], strict=True)
        ]


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Shell]:
    """A server whose data is in `folder`/data, as `make run` has it, on a free port."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment = kept | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "TALLYSTICK_PORT": "0",
        **settings,
    }
    process = subprocess.Popen(
        [BIN / "tallystick", "serve"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        address = re.search(r"serves on (http://\S+)", first)
        assert address, f"serve printed {first!r}"
        yield Shell(folder, environment, address[1])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)
        process.stdout.close()
