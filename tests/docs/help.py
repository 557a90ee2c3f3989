"""The commands with their help, and the help blocks of docs/cli.md.

`PYTHONPATH=tests .venv/bin/python -m docs.help` writes the blocks anew.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from tallystick.cli.app import build_app
from tallystick.cli.runtime import Runtime
from tidy.tree import ROOT

CLI = Path("docs/cli.md")
WIDTH = 80

# A section's heading names its command; its help is the block of this kind.
_BLOCK = re.compile(
    r"(?<=\n)(#{2,3} `(?P<command>[^`]+)`\n(?:(?!#).*\n)*?```help\n)(?:.*\n)*?(?=```\n)"
)


def helps() -> dict[str, str]:
    """What `--help` says, by command, in the order in which help lists them."""
    root = get_command(build_app(_no_runtime))
    return dict(_helps(root, "tallystick", None))


def _helps(command: object, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    assert isinstance(command, TyperGroup | TyperCommand)
    context = command.make_context(
        name,
        [],
        parent=parent,
        resilient_parsing=True,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, TyperGroup):
        for each in command.list_commands(context):
            yield from _helps(command.get_command(context, each), each, context)


def _no_runtime() -> Runtime:
    raise AssertionError("help needs no runtime")


def renewed(document: str) -> str:
    """The document with its help blocks as they should be."""
    told = helps()
    return _BLOCK.sub(lambda match: f"{match[1]}{told[match['command']]}\n", document)


if __name__ == "__main__":
    path = ROOT / CLI
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
