"""Refusals: each has a code and a sentence of its own, and the tree is drawn as it is."""

from collections.abc import Iterator

import pytest

from tallystick.core import errors
from tallystick.core.errors import (
    AlreadyDecided,
    AlreadyExists,
    AlreadyUndone,
    Busy,
    CannotStart,
    CodeNeeded,
    InsufficientPoints,
    InUse,
    InvalidField,
    InvalidFile,
    KeyReused,
    NotAllowed,
    NotFound,
    NotNow,
    NotSignedIn,
    NotSupported,
    OutcomeUnknown,
    ProviderFailed,
    Refusal,
    RowProblem,
    StateChanged,
    TooManyAttempts,
    shown,
)

PROBLEM = RowProblem(line=3, column="amount", code="x", found="'1,250'", fix="write 1250.00")

SENTENCES = {
    "points: found 0; write more": InvalidField("points", "0", "write more"),
    "nothing was imported: 1 problem in the file": InvalidFile((PROBLEM,), 1),
    "nothing was imported: 4000 problems in the file": InvalidFile((PROBLEM,), 4000),
    "there is no program '7'": NotFound("program", "7"),
    "there is no program '7'; see the list": NotFound("program", "7", "see the list"),
    "there is already a program with the name 'club'; choose another": (
        AlreadyExists("program", "name", "club")
    ),
    "the program 'club' is in use: found transactions; keep it": (
        InUse("program", "club", "transactions", "keep it")
    ),
    (
        "import 7 has been undone already, and an import is undone once;"
        " its file can be imported again"
    ): AlreadyUndone(7),
    (
        "If-Match: found '\"a\"', which is not what is there now;"
        " read it again, and send the ETag of that answer"
    ): StateChanged('"a"'),
    (
        "points: found 70.00, but only 50.00 are active;"
        " write at most that, or let the program's return policy go below zero"
    ): InsufficientPoints("70.00", "50.00"),
    "subledgerId: this program has no subledgers": (
        NotSupported("subledgerId", "this program has no subledgers")
    ),
    (
        "Idempotency-Key: found 'k', which already stands for another request;"
        " send each new request with a new key"
    ): KeyReused("k"),
    "send a key": NotSignedIn("send a key"),
    (
        "this person has a second factor; send as `code` what their app shows now,"
        " or a recovery code"
    ): CodeNeeded(),
    "too many attempts to sign in have failed; wait 60 seconds, then try again": (
        TooManyAttempts(60)
    ),
    (
        "approval 7 was rejected already, and is decided once; if it is still wanted, ask for it"
        " anew"
    ): AlreadyDecided(7, "rejected"),
    (
        "approval 7 waits on, as it cannot be done now: the file is gone; approve it when it can"
        " be, or reject it"
    ): NotNow(7, "the file is gone"),
    "you may not call getUsers; ask an admin": NotAllowed("call getUsers", "ask an admin"),
    "the member is busy; nothing was written, try again": Busy("the member"),
    (
        "the database connection broke while points were being written; look at the"
        " transactions before repeating, or send an Idempotency-Key so that repeating is safe"
    ): OutcomeUnknown(),
    (
        "single sign-on did not answer as it should: it cannot be reached;"
        " try again, and tell an admin if it stays so"
    ): ProviderFailed("single sign-on", "it cannot be reached"),
    "port 8080 is taken; choose another": CannotStart("port 8080 is taken; choose another"),
}


def kinds(parent: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for kind in parent.__subclasses__():
        yield kind
        yield from kinds(kind)


@pytest.mark.parametrize(
    ("sentence", "refusal"),
    SENTENCES.items(),
    ids=[f"{type(refusal).__name__}-{index}" for index, refusal in enumerate(SENTENCES.values())],
)
def test_a_refusal_says_what_was_found_and_what_to_do(sentence: str, refusal: Refusal) -> None:
    assert sentence == str(refusal)


def test_every_refusal_has_a_sentence_here() -> None:
    assert set(kinds()) == {type(refusal) for refusal in SENTENCES.values()}


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in kinds()]
    assert len(codes) == len(set(codes))
    assert Refusal.code not in codes


def test_the_drawn_tree_shows_every_refusal_in_order() -> None:
    assert errors.__doc__ is not None
    lines = [line.split("── ")[1] for line in errors.__doc__.splitlines() if "── " in line]
    assert [kind.__name__ for kind in kinds()] == [line.split()[0] for line in lines]


def test_a_refusal_equals_only_itself() -> None:
    assert Busy("the member") != Busy("the member")


def test_a_busy_answer_asks_to_wait_a_second() -> None:
    assert Busy("the member").retry_after_seconds == 1


@pytest.mark.parametrize(
    ("sentence", "column"),
    [
        ("line 3, amount: found '1,250'; write 1250.00", "amount"),
        ("line 3: found '1,250'; write 1250.00", ""),
    ],
)
def test_a_row_problem_names_its_place(sentence: str, column: str) -> None:
    problem = RowProblem(
        line=PROBLEM.line, column=column, code="x", found=PROBLEM.found, fix=PROBLEM.fix
    )
    assert sentence == str(problem)


@pytest.mark.parametrize(
    ("quoted", "text"),
    [
        ("''", ""),
        ("'1,250'", "1,250"),
        ("' 12'", " 12"),
        (r"'a\nb\x00'", "a\nb\0"),
        (r"'\udce9'", "\udce9"),
        ('"it\'s"', "it's"),
    ],
)
def test_text_is_shown_between_quotes_on_one_line(quoted: str, text: str) -> None:
    assert quoted == shown(text)


def test_long_text_is_shown_by_its_ends() -> None:
    text = shown("begin" + "\n" * 100_000 + "end")
    assert len(text) == 60
    assert text.startswith("'begin")
    assert text.endswith("end'")
