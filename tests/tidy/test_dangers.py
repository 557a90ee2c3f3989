"""Words that lead to trouble are nowhere, or only where their reason is known."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidy.tree import PACKAGE, files, listing, syntax, text

EMBEDDED = PACKAGE / "store/embedded"
NOWHERE: list[Path] = []

# What opens a way to other programs, machines or objects, and the modules that may use it.
MODULES = {
    "ctypes": [EMBEDDED / "children.py"],  # PostgreSQL ends with us
    "subprocess": files(EMBEDDED),  # PostgreSQL's own programs, by lists of arguments
    "socket": [PACKAGE / "main.py", EMBEDDED / "postmaster.py"],  # to listen; whether it is up
    "multiprocessing": [PACKAGE / "main.py"],
    "authlib": [PACKAGE / "services/openid_provider.py"],  # the provider that the settings name
    "httpx2": [PACKAGE / "services/openid_provider.py"],
    **dict.fromkeys(
        (
            "dill", "ftplib", "http.client", "httpx", "imaplib", "ldap3", "lxml", "marshal",
            "pickle", "pty", "requests", "runpy", "shelve", "smtplib", "telnetlib",
            "urllib.request", "xml", "yaml",
        ),
        NOWHERE,
    ),
}  # fmt: skip
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "from_string", "literal_eval"}

SCRIPTS = {
    "code from text": r"\beval\(|new Function|setTimeout\(\s*[\"'`]|document\.write|\.srcdoc",
    "HTML from text": r"\.outerHTML|insertAdjacentHTML|\.innerHTML(?! = request\.responseText;)",
    "messages of others": r"postMessage|addEventListener\(\s*[\"']message|\.onmessage",
    "what stays in a browser": r"localStorage|sessionStorage|indexedDB|document\.cookie|\bcaches\b",
    "other hosts": r"https?://(?!www\.w3\.org/)|\bwindow\.open\(|WebSocket|EventSource",
    "prototypes": r"__proto__|\.prototype\b|setPrototypeOf|for \(\w+ \w+ in ",
    "members by name": r"\w\[[a-z]\w*(\.\w+)*\] = ",
}
TEMPLATES = {
    "what is not escaped": r"\|\s*safe\b|autoescape|Markup",
    "code in the page": r"<script(?! (type=\"module\" )?src=)|\son[a-z]+=[\"']",
    "styles in the page": r"<style|\sstyle=",
    "other hosts": r"(src|href|action)=\"(https?:)?//",
    "frames and plug-ins": r"<(iframe|object|embed|applet|base)\b",
    "code from text": r"javascript:|hx-on|hx-vals=[\"']js:|hx-ext",
}


@pytest.mark.parametrize("module", MODULES)
def test_what_leads_out_is_used_where_it_has_to_be(module: str) -> None:
    found = [
        str(path)
        for path in files(PACKAGE)
        if path not in MODULES[module]
        for name in _imported(path)
        if name == module or name.startswith(f"{module}.")
    ]
    assert not found, f"{module} has no place in:{listing(found)}"


def test_no_text_is_run() -> None:
    found = [
        f"{path}:{node.lineno} {name}"
        for path in files(PACKAGE)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Call)
        if (name := _called(node)) in CALLS and ast.unparse(node.func) != "re.compile"
    ]
    found += [
        f"{path}:{node.lineno} shell"
        for path in files(PACKAGE)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.keyword) and node.arg == "shell"
    ]
    assert not found, f"text is data and is never run:{listing(found)}"


@pytest.mark.parametrize("what", SCRIPTS)
def test_our_scripts_keep_away_from(what: str) -> None:
    _check(files(PACKAGE / "web/static", ".js"), SCRIPTS[what])


@pytest.mark.parametrize("what", TEMPLATES)
def test_our_templates_keep_away_from(what: str) -> None:
    templates = [*files(PACKAGE / "web/templates", ".html"), *files(PACKAGE / "api/pages", ".html")]
    _check(templates, TEMPLATES[what])


def test_patterns_are_written_and_not_made_of_input() -> None:
    known = {"core/paging.py pattern", "web/browsers.py mark"}  # of a number, and of a table
    makers = {"re.compile", "re.match", "re.search", "re.fullmatch", "re.sub", "re.findall"}
    made = [
        f"{path.relative_to(PACKAGE)} {ast.unparse(node.args[0])}"
        for path in files(PACKAGE)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in makers
        if not isinstance(node.args[0], ast.Constant)
    ]
    assert set(made) == known, f"a pattern is a constant:{listing(made)}"


def test_what_nobody_may_guess_has_128_bits() -> None:
    names = {  # what is not secret: who works on a job, folders, and a nonce
        "services/codes.py token_bytes(12)",
        "services/import_work.py token_hex(8)",
        "services/job_queue.py token_hex(8)",
        "store/embedded/cluster.py token_hex(4)",
        "store/embedded/state.py token_hex(8)",
    }
    short = {
        f"{path.relative_to(PACKAGE)} {node.func.attr}({ast.unparse(node.args[0])})"
        for path in files(PACKAGE)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func).startswith("secrets.token_")
        and node.args
        and not _is_long(node.args[0])
    }
    assert short == names


def test_chance_that_can_be_guessed_decides_nothing_secret() -> None:
    users = {"random": {"services/demo.py", "store/db.py"}}  # sample data, and how long to wait
    users["uuid4"] = {"services/erasure.py", "web/routes/points.py"}  # ids that open nothing
    for word, known in users.items():
        found = {str(path.relative_to(PACKAGE)) for path in files(PACKAGE) if _uses(path, word)}
        assert found == known, word


def _is_long(size: ast.expr) -> bool:
    """Whether it says in so many bytes that there are 16; a name has to be known instead."""
    return isinstance(size, ast.Constant) and isinstance(size.value, int) and size.value >= 16


def _uses(path: Path, word: str) -> bool:
    return any(
        isinstance(node, ast.Import | ast.ImportFrom)
        and word in {getattr(node, "module", None), *(each.name for each in node.names)}
        for node in ast.walk(syntax(path))
    )


def _check(paths: list[Path], pattern: str) -> None:
    assert paths
    found = [
        f"{path}:{number} {line.strip()[:80]}"
        for path in paths
        for number, line in enumerate(text(path).splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert not found, listing(found)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
