"""docs/cli.md has every command, with its help and an example, and no other command."""

import re

import pytest

from docs.documents import RUN, Block, blocks, sections
from docs.help import CLI, helps, renewed
from tidy.tree import text

HELPS = helps()
LEAVES = [name for name, told in HELPS.items() if "\nCommands:\n" not in told]
SECTIONS = {section.title.strip("`"): section for section in sections(CLI) if section.depth == 2}


def test_every_command_is_described_in_the_order_of_help_and_no_other() -> None:
    assert set(SECTIONS) == {"tallystick", *LEAVES}


def test_help_in_the_document_is_what_help_says() -> None:
    told = text(CLI)
    assert told == renewed(told), "PYTHONPATH=tests .venv/bin/python -m docs.help renews it"
    assert len([block for block in blocks(CLI) if block.language == "help"]) == len(SECTIONS)


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_is_run_as_an_example(name: str) -> None:
    shell = [block for block in blocks(CLI) if _is_shell(block)]
    assert any(re.search(rf"\b{name}\b", block.body) for block in shell)


def _is_shell(block: Block) -> bool:
    by_hand = block.language == f"{RUN} by-hand" and "serve" in block.body
    return block.language == RUN or by_hand


@pytest.mark.parametrize("name", HELPS)
def test_help_has_an_example_of_its_command(name: str) -> None:
    _, _, told = HELPS[name].partition("Example")
    assert re.search(rf"\b{name}\b", told)
