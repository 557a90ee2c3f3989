"""Files: imports as the clients send them, exports as the clients can read them."""

from typing import Any

from parity.cases.points import changes, invalid, missing
from parity.cases.transactions import busy
from parity.harness import Call, Mark, Member, World, case
from parity.matching import ID, INSTANT, TEXT, UUID, Csv
from services.harness import new_name
from tallystick.core.programs import JoinPolicy, ReturnPolicy

LOG = (
    "customerprofileid,customersessionid,rulesetid,rulename,programid,type,name,subledgerid,"
    "startdate,expirydate,id,created,amount,archived,campaignid,flags,transactionuuid,"
    "validityduration"
)
BALANCES = (
    "loyaltyProgramID,loyaltySubledger,profileIntegrationID,currentBalance,pendingBalance,"
    "expiredBalance,spentBalance,currentTier"
)
JUNE = {"rangeStart": "2026-06-01T00:00:00+00:00", "rangeEnd": "2026-06-30T00:00:00+00:00"}


def file(header: str, *rows: str) -> str:
    """The text of a CSV file."""
    return "\n".join([header, *rows, ""])


# Points that come in a file


@case("importLoyaltyPoints", "makes members and adds", Mark.VERIFIED, "domain C1, B0 4")
async def _(world: World) -> Call:
    program = await world.program()
    ann = Member(world=world, program=program, name=new_name("import"))
    header = "customerprofileid,amount,startdate,expirydate,subledgerid,reason"
    rows = (
        f"{ann.name},250.50,immediate,2027-06-30T23:59:59Z,,Migration",
        f"{ann.name},10,2026-07-01T00:00:00+02:00,unlimited,,",
    )
    return Call(
        arguments={"loyaltyProgramId": program.id, "upFile": file(header, *rows)},
        answer={
            "id": ID,
            "created": INSTANT,
            "accountId": ID,
            "userId": 0,
            "entity": TEXT,
            "amount": 2,
        },
        then=changes(ann, active=250.5, pending=10),
    )


@case("importLoyaltyPoints", "tells who signed in", Mark.DOCUMENTED, "domain B1",
      slot="manager_auth")  # fmt: skip
async def _(world: World) -> Call:
    program = await world.program()
    text = file("customerprofileid,amount", f"{new_name('import')},1")
    return Call(
        arguments={"loyaltyProgramId": program.id, "upFile": text, "notificationsEnabled": False},
        answer={"userId": ID, "amount": 1},
    )


@case("importLoyaltyPoints", "names the line of a bad row", Mark.ASSUMED, "domain C, B0")
async def _(world: World) -> Call:
    ann = await world.member()
    text = file("customerprofileid,amount", f"{ann.name},1", f"{ann.name},many")
    return Call(
        arguments={"loyaltyProgramId": ann.program.id, "upFile": text},
        status=400,
        answer=invalid(line="3"),
        then=changes(ann, active=100),
    )


@case("importLoyaltyPoints", "refuses a column that it lacks", Mark.ASSUMED, "domain C")
async def _(world: World) -> Call:
    ann = await world.member()
    text = file("customerprofileid,reason", f"{ann.name},Gift")
    arguments = {"loyaltyProgramId": ann.program.id, "upFile": text}
    return Call(arguments=arguments, status=400, answer=invalid(line="1"))


@case("importLoyaltyPoints", "takes a validity", Mark.DOCUMENTED, "domain C1")
async def _(world: World) -> Call:
    ann = await world.member()
    text = file(
        "customerprofileid,amount,startdate,validityDuration", f"{ann.name},5,on_action,30D"
    )

    async def then() -> None:
        [newest, _] = await ann.transactions()
        assert (newest["startDate"], newest["validityDuration"]) == ("on_action", "30D")

    arguments = {"loyaltyProgramId": ann.program.id, "upFile": text}
    return Call(arguments=arguments, answer={"amount": 1}, then=then)


@case("importLoyaltyPoints", "does not find an unknown program", Mark.ASSUMED, "domain B0")
async def _(world: World) -> Call:
    arguments = {"loyaltyProgramId": 999_999, "upFile": "customerprofileid,amount\nann,1\n"}
    return Call(arguments=arguments, status=404, answer=missing())


# The log of one member


def line(member: Member, **cells: Any) -> tuple[Any, ...]:
    """A row of the log, with what differs."""
    row = dict.fromkeys(LOG.split(","), "") | {
        "customerprofileid": member.name,
        "programid": str(member.program.id),
        "type": "addition",
        "startdate": "immediate",
        "expirydate": "unlimited",
        "id": TEXT,
        "archived": "false",
        "transactionuuid": UUID,
    }
    return tuple((row | cells).values())


@case("exportLoyaltyLedger", "tells all transactions", Mark.ASSUMED, "domain C6, B0 3")
async def _(world: World) -> Call:
    ann = await busy(world)
    rows = (
        line(ann, created="2026-06-15 12:00:00", amount="100.00"),
        line(
            ann,
            name="Shop",
            subledgerid="shop",
            expirydate="2026-06-16 23:59:59",
            created="2026-06-15 12:00:01",
            amount="10.50",
        ),
        line(
            ann,
            name="Later",
            startdate="on_action",
            created="2026-06-15 12:00:02",
            amount="3.00",
            validityduration="30D",
        ),
        line(ann, type="subtraction", name="Mug", created="2026-06-15 12:00:03", amount="25.00"),
    )
    return Call(arguments={**ann.arguments, **JUNE}, answer=Csv(LOG, rows))


@case("exportLoyaltyLedger", "writes dates as it is told to", Mark.ASSUMED, "domain C6, I-28")
async def _(world: World) -> Call:
    ann = await world.member("50", return_policy=ReturnPolicy.UNLIMITED)
    world.move(seconds=1)
    await ann.add(1, validUntil="2026-07-01T00:00:00Z")
    row = line(
        ann, expirydate="2026-07-01T00:00:00Z", created="2026-06-15T12:00:01Z", amount="1.00"
    )
    first = line(ann, created="2026-06-15T12:00:00Z", amount="50.00")
    return Call(
        arguments={**ann.arguments, **JUNE, "dateFormat": "ISO8601"}, answer=Csv(LOG, (first, row))
    )


@case("exportLoyaltyLedger", "flags what made a debt", Mark.DOCUMENTED, "domain C6, A7")
async def _(world: World) -> Call:
    ann = await world.member("50", return_policy=ReturnPolicy.UNLIMITED)
    world.move(seconds=1)
    await ann.deduct(70)
    created = "2026-06-15 12:00:01"
    rows = (
        line(ann, type="subtraction", created=created, amount="50.00"),
        line(
            ann, type="subtraction", created=created, amount="20.00", flags="createsNegativeBalance"
        ),
    )
    span = {**JUNE, "rangeStart": "2026-06-15T12:00:01+00:00"}
    return Call(arguments={**ann.arguments, **span}, answer=Csv(LOG, rows))


@case("exportLoyaltyLedger", "wants both ends of the time", Mark.DOCUMENTED, "contract",
      refuses={"python26": "range_end", "python9": "range_end", "node4": "rangeEnd",
               "node5": "rangeEnd"})  # fmt: skip
async def _(world: World) -> Call:
    ann = await world.member()
    return Call(
        arguments={**ann.arguments, "rangeStart": JUNE["rangeStart"]},
        status=400,
        answer=invalid(parameter="rangeEnd"),
    )


@case("exportLoyaltyLedger", "does not find an unknown profile", Mark.ASSUMED, "domain B0")
async def _(world: World) -> Call:
    program = await world.program()
    arguments = {"loyaltyProgramId": program.id, "integrationId": "nobody", **JUNE}
    return Call(arguments=arguments, status=404, answer=missing())


# The balances of everybody, and an older path to the same


def balance(member: Member, ledger: str, *amounts: str) -> tuple[str, ...]:
    """A row of the balances; there are no tiers."""
    return (str(member.program.id), ledger, member.name, *amounts, "")


def enter_balances(operation: str, source: str) -> None:
    """The cases that are the same for both."""

    @case(operation, "tells every ledger of every member", Mark.DOCUMENTED, source)
    async def _(world: World) -> Call:
        ann = await busy(world)
        rows = (
            balance(ann, "", "75.00", "3.00", "0.00", "25.00"),
            balance(ann, "shop", "10.50", "0.00", "0.00", "0.00"),
        )
        arguments = {"loyaltyProgramId": ann.program.id}
        return Call(arguments=arguments, answer=Csv(BALANCES, rows))

    @case(operation, "looks back and ahead", Mark.DOCUMENTED, source)
    async def _(world: World) -> Call:
        ann = await world.member()
        await ann.add(5, validUntil="2026-07-01T00:00:00Z")
        arguments = {"loyaltyProgramId": ann.program.id, "endDate": "2026-07-02T00:00:00+00:00"}
        rows = (balance(ann, "", "100.00", "0.00", "5.00", "0.00"),)
        return Call(arguments=arguments, answer=Csv(BALANCES, rows))

    @case(operation, "leaves out what is not asked for", Mark.DOCUMENTED, "domain C8")
    async def _(world: World) -> Call:
        ann = await world.member()
        arguments = {"loyaltyProgramId": ann.program.id, "balances": "pendingBalance"}
        rows = (balance(ann, "", "100.00", "0.00", "", ""),)
        return Call(arguments=arguments, answer=Csv(BALANCES, rows))

    @case(operation, "refuses an unknown balance", Mark.ASSUMED, "domain I-10")
    async def _(world: World) -> Call:
        ann = await world.member()
        arguments = {"loyaltyProgramId": ann.program.id, "balances": "luck"}
        return Call(arguments=arguments, status=400, answer=invalid(parameter="balances"))


enter_balances("exportLoyaltyBalances", "domain C8, B0 3")
enter_balances("exportLoyaltyBalance", "domain B4, C8")


@case("exportLoyaltyBalances", "adds the column of debts if asked", Mark.ASSUMED, "domain I-10")
async def _(world: World) -> Call:
    ann = await world.member("50", return_policy=ReturnPolicy.UNLIMITED)
    await ann.deduct(70)
    header = BALANCES.replace("spentBalance,", "spentBalance,negativeBalance,")
    row = (*balance(ann, "", "0.00", "", "", "", "20.00"),)
    return Call(
        arguments={"loyaltyProgramId": ann.program.id, "balances": "negativeBalance"},
        answer=Csv(header, (row,)),
    )


# Join dates


@case("importLoyaltyJoinDates", "sets them", Mark.DOCUMENTED, "domain C4")
async def _(world: World) -> Call:
    ann = await world.member(join_policy=JoinPolicy.POINTS_EARNED)

    async def then() -> None:
        told = await world.export("exportLoyaltyJoinDates", {"loyaltyProgramId": ann.program.id})
        assert told.splitlines()[1:] == [f"{ann.program.id},{ann.name},2026-02-14T08:00:00Z"]

    text = file("customerprofileid,newjoindate", f"{ann.name},2026-02-14T09:00:00+01:00")
    return Call(
        arguments={"loyaltyProgramId": ann.program.id, "upFile": text},
        answer={"id": ID, "created": INSTANT, "accountId": ID, "entity": TEXT, "amount": 1},
        then=then,
    )


@case("importLoyaltyJoinDates", "refuses an unknown profile", Mark.DOCUMENTED, "domain C4")
async def _(world: World) -> Call:
    program = await world.program(join_policy=JoinPolicy.POINTS_EARNED)
    text = file("customerprofileid,newjoindate", "nobody,2026-02-14T08:00:00Z")
    arguments = {"loyaltyProgramId": program.id, "upFile": text}
    return Call(arguments=arguments, status=400, answer=invalid(line="2"))


@case("exportLoyaltyJoinDates", "tells who joined when", Mark.DOCUMENTED, "domain C11")
async def _(world: World) -> Call:
    ann = await world.member(join_policy=JoinPolicy.POINTS_EARNED)
    row = (str(ann.program.id), ann.name, "2026-06-15T12:00:00Z")
    header = "loyaltyProgramID,profileIntegrationID,joinDate"
    return Call(arguments={"loyaltyProgramId": ann.program.id}, answer=Csv(header, (row,)))
