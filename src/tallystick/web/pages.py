"""What a page is: a row of the table in `routes`. Sign-in, rights and errors follow from it."""

import re
from dataclasses import dataclass

from tallystick.core.roles import Right
from tallystick.web.visits import Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A path, what looking at it shows and what a form sent to it does.

    name: of the page, the only one of that name.
    show: answers a GET. do: answers a POST; where it refuses, `show` shows the form again with the
    refusal, and without a `show` the refusal is a page of its own.
    right: what the visitor needs, in the program of the path if there is one.
    is_file: whether what it shows is a file to be saved.
    """

    name: str
    path: str
    right: Right
    show: Handler | None = None
    do: Handler | None = None
    is_file: bool = False

    @property
    def methods(self) -> list[str]:
        """The methods it answers."""
        return [method for method, handler in (("GET", self.show), ("POST", self.do)) if handler]

    @property
    def parameters(self) -> list[str]:
        """The names in its path."""
        return re.findall(r"\{(\w+)\}", self.path)
