"""The transactions of a program: all of them, one of them, and the activation of one that waits."""

from uuid import UUID

import msgspec

from tallystick.core.errors import InvalidField, NotFound, shown
from tallystick.core.ids import ImportId
from tallystick.core.roles import Right
from tallystick.core.transactions import Kind, MemberTransaction, Origin
from tallystick.core.validity import NEVER
from tallystick.edges.transactions import program_transaction_body
from tallystick.services.activation import activate_by_hand
from tallystick.services.transaction_page import TransactionPage, transaction_page
from tallystick.services.transactions import LogSearch, program_log
from tallystick.web.dates import day_in, first_instant, last_instant
from tallystick.web.pages import Page
from tallystick.web.routes.approvals import waits_on
from tallystick.web.visits import Note, Redirect, View, Visit

PAGE_SIZE = 50

_JSON = msgspec.json.Encoder(decimal_format="number")

_TYPES = {"": "All", "earned": "Earned", "redeemed": "Redeemed"}
_SOURCES = {"": "Any source", "hand": "By hand", "api": "By the API", "import": "From a file"}
_KINDS = {"earned": Kind.ADDITION, "redeemed": Kind.SUBTRACTION}


async def _show_transactions(visit: Visit) -> View:
    """A page of the whole ledger, the newest first."""
    wanted = _wanted(visit)
    member_prefix = visit.line("member").strip()
    page = await program_log(
        visit.context,
        visit.known_program,
        wanted=wanted,
        member_prefix=member_prefix,
        place=visit.place(),
        page_size=PAGE_SIZE,
    )
    return View(
        template="transactions.html",
        values={
            "page": page,
            "wanted": wanted,
            "filtered": wanted != LogSearch() or bool(member_prefix),
            "member_prefix": member_prefix,
            "type": visit.query.get("type", ""),
            "types": _TYPES,
            "sources": list(_SOURCES.items()),
        },
    )


def _wanted(visit: Visit) -> LogSearch:
    """Which transactions the address asks for. Errors: InvalidField."""
    zone = visit.known_program.settings.timezone
    source = visit.chosen("source", tuple(_SOURCES))
    return LogSearch(
        kind=_KINDS.get(visit.chosen("type", tuple(_TYPES))),
        origin=Origin(source) if source else None,
        subledger=visit.line("subledger") or None,
        from_at=first_instant(day_in(visit.query.get("from"), "from"), zone),
        to_at=last_instant(day_in(visit.query.get("to"), "to"), zone),
        import_id=_import_id(visit.line("import")),
        reason=visit.line("q").strip(),
    )


def _import_id(text: str) -> ImportId | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidField("import", shown(text), "write the number of an import")
    return ImportId(int(text))


async def _show_transaction(visit: Visit) -> View:
    """One transaction, with what it took or who took from it."""
    page = await _transaction(visit)
    listed = MemberTransaction(
        transaction=page.recorded.transaction,
        integration_id=page.recorded.integration_id,
        user_email=page.recorded.user_email,
    )
    body = _JSON.encode(program_transaction_body(visit.known_program, listed))
    return _page_of(page, "transaction.html", json=msgspec.json.format(body).decode())


async def _show_activate(visit: Visit) -> View:
    """The question whether the points shall start now."""
    return _page_of(await _transaction(visit), "activate.html")


async def _activate(visit: Visit) -> Redirect:
    """Start the points that wait."""
    uuid = (await _transaction(visit)).recorded.transaction.uuid
    activated = await activate_by_hand(visit.context, visit.caller, visit.known_program, uuid)
    if not isinstance(activated, list):
        return waits_on(visit, activated, "This activation")
    points = sum(each.amount for each in activated)
    text = f"Activated {visit.show.points(points)} points" if activated else "It was active already"
    to = f"/programs/{visit.known_program.id}/transactions/{uuid}"
    return Redirect(to=to, note=Note(text=text))


def _page_of(page: TransactionPage, template: str, **more: str) -> View:
    lot = page.lot
    waits = lot is not None and not lot.is_debt and lot.start_at == NEVER
    return View(
        template=template, values={"page": page, "waits": waits and page.recorded.is_shown, **more}
    )


async def _transaction(visit: Visit) -> TransactionPage:
    """The one in the path, by its uuid or its id. Errors: NotFound."""
    text = visit.in_path("transaction")
    return await transaction_page(visit.context, visit.known_program, _name(text))


def _name(text: str) -> UUID | int:
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("transaction", text[:100]) from None


PAGES = (
    Page(
        name="transactions",
        path="/programs/{program}/transactions",
        right=Right.SEE,
        show=_show_transactions,
    ),
    Page(
        name="transaction",
        path="/programs/{program}/transactions/{transaction}",
        right=Right.SEE,
        show=_show_transaction,
    ),
    Page(
        name="activate",
        path="/programs/{program}/transactions/{transaction}/activate",
        right=Right.POST_POINTS,
        show=_show_activate,
        do=_activate,
    ),
)
