"""The forms of a page, and the parameters of its links, as its HTML has them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

_VOID = {"checkbox", "radio"}


@dataclass(slots=True, kw_only=True)
class Form:
    """A form: where it goes, and its fields with what is in them."""

    action: str
    method: str
    has_file: bool = False
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Seen:
    """What is in a page: its forms, names of the parameters of links to the same path, its tags."""

    forms: list[Form] = field(default_factory=list)
    parameters: set[str] = field(default_factory=set)
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""


def look_at(page: str, path: str = "") -> Seen:
    """What is in the HTML of a page; forms without an action go to its path."""
    parser = _Parser(path)
    parser.feed(page)
    parser.close()
    return parser.seen


class _Parser(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.seen = Seen()
        self._path = path
        self._form: Form | None = None
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.seen.tags.append((tag, given))
        if tag == "form":
            method = given.get("method", "get").lower()
            self._form = Form(action=given.get("action") or self._path, method=method)
            self.seen.forms.append(self._form)
        elif tag == "a" and "?" in given.get("href", ""):
            parts = urlsplit(given["href"])
            if parts.path == self._path:
                self.seen.parameters.update(parse_qs(parts.query, keep_blank_values=True))
        elif self._form is not None:
            self._field(self._form, tag, given)

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and given.get("type") == "file":
            form.has_file = True
            form.fields["upFile"] = ""
        elif tag == "input" and name:
            if given.get("type") not in _VOID or "checked" in given or name not in form.fields:
                form.fields[name] = value or ("on" if given.get("type") in _VOID else "")
        elif tag == "button" and name:
            form.fields.setdefault(name, value)
        elif tag == "select" and name:
            self._select = name
            form.fields.setdefault(name, "")
        elif tag == "option" and self._select:
            if "selected" in given or not form.fields[self._select]:
                form.fields[self._select] = value
        elif tag == "textarea" and name:
            self._area = name
            form.fields[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        self.seen.text += data
        if self._area and self._form is not None:
            self._form.fields[self._area] += data.strip("\n")
