"""What holds for every command: help, exit codes, and what goes where."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.harness import runtime
from tallystick import __version__
from tallystick.cli.app import build_app, run_app
from tallystick.cli.runtime import Runtime
from tallystick.core.errors import CannotStart
from tallystick.services.context import Context

TESTS = Path(__file__).parents[1]


class Opening(AbstractAsyncContextManager[Context]):
    """A context that is never reached, because of what happens when it is opened."""

    def __init__(self, happening: Callable[[], Awaitable[None]]) -> None:
        self._happening = happening

    async def __aenter__(self) -> Context:
        await self._happening()
        raise AssertionError

    async def __aexit__(self, *_: object) -> None:
        pass


def no_runtime() -> Runtime:
    raise CannotStart("TALLYSTICK_PORT: found 'x';\nwrite a number")


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, (*path, name))


COMMANDS = dict(_commands(typer.main.get_command(build_app(no_runtime))))
either_buffering = pytest.mark.parametrize("unbuffered", ["", "1"])
every_command = pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "-")


def test_the_commands_are_those_of_the_documentation() -> None:
    expected = {
        "", "serve", "migrate", "balances", "verify", "close-days",
        "program", "program create", "program four-eyes", "program list",
        "import", "import check", "import points", "import join-dates", "import list",
        "import show", "import report", "import undo", "import sample",
        "export", "export transactions", "export balances", "export expiring",
        "export dashboard",
        "user", "user create", "user link", "user role",
        "user reset-second-factor", "key", "key create",
    }  # fmt: skip
    assert expected == {" ".join(path) for path in COMMANDS}


@every_command
def test_help_teaches_with_an_example(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app(no_runtime, [*path, "--help"]) == 0
    out, err = capsys.readouterr()
    _, _, taught = out.partition("Example")
    assert f"  tallystick {' '.join(path)}".rstrip() in taught.replace("$(", " ")
    assert err == ""


@every_command
def test_every_option_says_what_it_does(path: tuple[str, ...]) -> None:
    silent = [option.name for option in COMMANDS[path].params if not getattr(option, "help", "")]
    assert silent == []


@every_command
def test_lists_of_commands_show_whole_sentences(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    run_app(no_runtime, [*path, "--help"])
    assert "..." not in capsys.readouterr().out.replace("[ARGS]...", "")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(no_runtime, ["--version"]) == 0
    assert capsys.readouterr() == (f"{__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage: tallystick [OPTIONS] COMMAND"),
        (["program"], "Usage: tallystick program [OPTIONS] COMMAND"),
        (["blances"], "No such command 'blances'. Did you mean 'balances'?"),
        (["balances"], "Missing option '--program'"),
        (["balances", "--program"], "Option '--program' requires an argument"),
        (["balances", "--progam", "x"], "No such option: --progam"),
        (["balances", "--program", "x", "--format", "xml"], "'xml' is not one of 'csv', 'json'"),
        (["balances", "--program", "x", "--days", "two"], "'--days'"),
    ],
)
def test_a_misused_command_ends_with_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app(no_runtime, arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_settings_that_do_not_work_are_refused_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_app(no_runtime, ["migrate"]) == 1
    assert capsys.readouterr() == ("", "TALLYSTICK_PORT: found 'x'; write a number\n")


@pytest.mark.parametrize(
    "fault", [ZeroDivisionError("division by nothing"), BrokenPipeError(32, "Broken pipe")]
)
def test_a_fault_ends_with_3_and_its_traceback(
    fault: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail() -> None:
        raise fault

    assert run_app(runtime(lambda: Opening(fail)), ["migrate"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("This is a fault of Tallystick or its database, not of your command;")
    assert f"{type(fault).__name__}: {fault}" in err


def test_ctrl_c_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    async def wait() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    assert run_app(runtime(lambda: Opening(wait)), ["migrate"]) == 130
    assert capsys.readouterr().out == ""


@either_buffering
def test_a_reader_who_has_seen_enough_ends_it_quietly(unbuffered: str, database_url: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = _process(
        database_url, "program", "list", "--json", stdout=writing, unbuffered=unbuffered
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


@either_buffering
def test_an_output_without_room_is_refused(unbuffered: str, database_url: str) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = _process(
            database_url, "program", "list", "--json", stdout=full, unbuffered=unbuffered
        )
    assert ended.returncode == 1
    assert ended.stderr == (
        "stdout: found an output that cannot be written (No space left on device);"
        " send it where it can\n"
    )


def test_shells_can_complete_commands(database_url: str) -> None:
    asked = {"_TALLYSTICK_COMPLETE": "complete_bash", "COMP_WORDS": "tallystick pro"}
    ended = _process(database_url, stdout=subprocess.PIPE, **asked, COMP_CWORD="1")
    assert ended.stdout.split() == ["program"]


def _process(
    url: str, *arguments: str, stdout: Any, unbuffered: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.harness", url, *arguments],
        cwd=TESTS,
        env=os.environ | environment | {"PYTHONUNBUFFERED": unbuffered},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
