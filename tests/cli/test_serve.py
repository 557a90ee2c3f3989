"""`tallystick serve` and `tallystick migrate`."""

from dataclasses import Field, fields

import pytest

from cli.harness import Tallystick, opened, runtime
from tallystick.cli.app import run_app
from tallystick.config import PREFIX, Settings


def test_serve_runs_the_server(database_url: str) -> None:
    served: list[str] = []
    start = runtime(lambda: opened(database_url), serve=lambda: served.append("once"))
    assert run_app(start, ["serve"]) == 0
    assert served == ["once"]


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_serve_explains_every_setting(setting: Field[object], tallystick: Tallystick) -> None:
    shown = tallystick("serve", "--help").out
    assert f"  {PREFIX}{setting.name.upper()} " in shown


@pytest.mark.parametrize("name", ["host", "port", "workers", "admin_email", "demo"])
def test_serve_tells_the_defaults(name: str, tallystick: Tallystick) -> None:
    default = getattr(Settings(), name)
    shown = int(default) if isinstance(default, bool) else default
    assert f"[default: {shown}]" in tallystick("serve", "--help").out


def test_migrate_says_that_the_database_is_up_to_date(tallystick: Tallystick) -> None:
    done = tallystick("migrate")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("The database is up to date with Tallystick ")
