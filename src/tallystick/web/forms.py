"""What a form of a page sends."""

from dataclasses import dataclass, field

from starlette.datastructures import QueryParams
from starlette.requests import Request

from tallystick.core.errors import InvalidField, Refusal

FORM_BYTES_MAX = 200_000


@dataclass(slots=True, kw_only=True)
class Filled:
    """A form as it was sent, empty if it was not yet, and why it is shown again."""

    form: QueryParams = field(default_factory=QueryParams)
    refusal: Refusal | None = None

    @property
    def refused_field(self) -> str:
        """The field that was refused; empty if it was the form as a whole, or nothing."""
        return getattr(self.refusal, "field", "")

    def problem_of(self, field: str) -> str:
        """What is wrong with a field of the form that was sent; empty if nothing is."""
        if self.refusal is None or self.refused_field != field:
            return ""
        if isinstance(self.refusal, InvalidField):
            return f"Found {self.refusal.found}; {self.refusal.fix}"
        return str(self.refusal)


async def read_form(request: Request) -> QueryParams:
    """The fields of a small form; a file that comes along is left to the handler.

    Errors: InvalidField if there is more than a form can hold.
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return QueryParams()
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES_MAX:
            fix = f"send at most {FORM_BYTES_MAX:,} bytes"
            raise InvalidField("form", f"more than {FORM_BYTES_MAX:,} bytes", fix)
    return QueryParams(body.decode("utf-8", "replace"))
