"""Texts that are attacks: on SQL, HTML, spreadsheets, headers, the log; and what shows success."""

import re

import httpx

from attacks.forms import look_at

SUM = str(7191 * 7919)  # what a template would make of it

SQL = (
    "' OR 1=1; DROP TABLE lot; -- \\'; SELECT pg_sleep(60); /* $$; DELETE FROM lot; $$ E'\\x27'",
    "1; DELETE FROM lot; \x00%_\\%",
)
_TAGS = (
    '\'"><x-mark onx-mark="1"></textarea></title></select><script>window.ran=1</script>'
    "<svg onload=window.ran=1>{{7191*7919}}${7191*7919}<%=7191*7919%>#{7191*7919}"
)
HTML = (
    _TAGS,
    "javascript:window.ran=1//x onx-mark=1",
)
FORMULAS = ("=HYPERLINK(1+1)",)
HEADERS = ("\tx\r\nX-Injected: yes\r\n\r\n<x-mark>%0d%0aX-Injected:%20yes",)
ALL = (*SQL, *HTML, *FORMULAS, *HEADERS)
WORST = (SQL[0], HTML[0])

_SHOWN = re.compile("x-mark|window.ran|X-Injected")
_LEADS = {"href", "src", "action", "formaction", "hx-get", "hx-post"}
_OURS = re.compile(r"/(?!/)|[#?]|$|https?://tallystick\.test/")


def assert_harmless(answer: httpx.Response) -> None:
    """Prove that nothing that was sent became part of the page, or a header, or broke anything."""
    where = answer.request.method, str(answer.request.url), answer.text[:200]
    assert answer.status_code < 500, where
    assert "X-Injected" not in answer.headers, where
    assert SUM not in answer.text, where
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    if is_page and _SHOWN.search(answer.text):
        assert_html_is_ours(answer.text)


def assert_html_is_ours(page: str) -> None:
    """Prove that no tag, attribute or address of a page is one that an attack would have made."""
    for tag, given in look_at(page).tags:
        assert tag not in {"x-mark", "svg onload"}, given
        assert not [name for name in given if name.startswith(("on", "hx-on"))], (tag, given)
        assert tag != "script" or given.get("src", "").startswith("/static/"), given
        for name in _LEADS & given.keys():
            assert _OURS.match(given[name]), (tag, given)
