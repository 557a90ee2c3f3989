"""The command `tallystick`: all commands, and what their end means to whoever started them."""

import sys
import traceback
from collections.abc import Callable
from typing import Annotated

import typer
from typer.main import get_command

from tallystick import __version__
from tallystick.cli import (
    accounts,
    balances,
    dashboard_export,
    exports,
    imports,
    programs,
    serve,
    verify,
)
from tallystick.cli.options import examples
from tallystick.cli.output import OutputClosed, flush, say, write_line
from tallystick.cli.runtime import Runtime
from tallystick.core.errors import Refusal

REFUSED, FAULT = 1, 3  # 0 is done, 2 misused, both as the library has them, and 130 Ctrl-C
READER_GONE = 141  # what a shell gives for a program that wrote to a closed pipe

_FAULT = (
    "This is a fault of Tallystick or its database, not of your command;"
    " please report it with the lines below."
)


def build_app(make_runtime: Callable[[], Runtime]) -> typer.Typer:
    """The application with all commands; they make their runtime when they run."""
    app = typer.Typer(
        name="tallystick",
        no_args_is_help=True,
        rich_markup_mode=None,  # plain help reads the same in a terminal, a pipe and a manual
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=examples(
            "tallystick program create --name Groceries --timezone America/New_York",
            "tallystick import points points.csv --program Groceries",
            "tallystick balances --program Groceries --totals --format json",
        ),
    )

    @app.callback()
    def tallystick(
        ctx: typer.Context,
        *,
        _version: Annotated[
            bool,
            typer.Option(
                "--version", is_eager=True, callback=_print_version, help="Print the version."
            ),
        ] = False,
    ) -> None:
        """Keep loyalty points, and tell any balance at any moment.

        Data goes to stdout, talk to stderr. The exit code is 0 when all is done, 1 when Tallystick
        refuses, 2 for a command that cannot be read, 3 for a fault of Tallystick.
        """
        ctx.obj = make_runtime

    for module in (serve, balances, verify):
        app.add_typer(module.app)
    app.add_typer(dashboard_export.closing)
    app.add_typer(programs.app, name="program")
    app.add_typer(imports.app, name="import")
    app.add_typer(exports.app, name="export")
    app.add_typer(accounts.users, name="user")
    app.add_typer(accounts.keys, name="key")
    return app


def run_app(make_runtime: Callable[[], Runtime], arguments: list[str] | None = None) -> int:
    """Run a command, that of the process if none is given; its exit code comes back."""
    try:
        return _run(make_runtime, arguments)
    except Refusal as refused:
        say(" ".join(str(refused).splitlines()))
        return REFUSED
    except OutputClosed:
        return READER_GONE
    except Exception:  # noqa: BLE001 - the last who can tell a person what happened
        say(_FAULT)
        traceback.print_exc(file=sys.stderr)
        return FAULT


def _run(make_runtime: Callable[[], Runtime], arguments: list[str] | None) -> int:
    """The exit code by which the library would end the process, once all output is out."""
    try:
        get_command(build_app(make_runtime)).main(arguments, prog_name="tallystick")
    except SystemExit as ended:
        flush()
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - called by the library
    if wanted:
        write_line(__version__)
        raise typer.Exit
