"""Programs and applications, as managers list them."""

from parity.cases.points import missing
from parity.harness import Call, Mark, World, case
from parity.matching import COUNT, ID, INSTANT, has
from tallystick.core.points import Points
from tallystick.core.programs import JoinPolicy, Program, ReturnPolicy, Tier


def told(program: Program) -> dict[str, object]:
    """A program as it is told."""
    return {
        "id": program.id,
        "created": "2026-06-15T12:00:00Z",
        "name": program.settings.name,
        "title": program.settings.title,
        "description": "",
        "subscribedApplications": [],
        "defaultValidity": "unlimited",
        "defaultPending": "immediate",
        "allowSubledger": True,
        "sandbox": False,
        "accountID": ID,
        "timezone": "UTC",
        "cardBased": False,
    }


@case("getLoyaltyPrograms", "tells every program", Mark.VERIFIED, "domain B4, B0 11")
async def _(world: World) -> Call:
    program = await world.program()
    return Call(arguments={}, answer={"totalResultSize": COUNT, "data": has(told(program))})


@case("getLoyaltyProgram", "tells the least of a program", Mark.VERIFIED, "domain A2, B0 11")
async def _(world: World) -> Call:
    program = await world.program()
    return Call(arguments={"loyaltyProgramId": program.id}, answer=told(program))


@case("getLoyaltyProgram", "tells the most of a program", Mark.DOCUMENTED, "domain A2")
async def _(world: World) -> Call:
    program = await world.program(
        title="Corner Shop",
        description="One point for every euro",
        default_pending="7D",
        default_validity="12M_U",
        join_policy=JoinPolicy.POINTS_EARNED,
        return_policy=ReturnPolicy.UNLIMITED,
        timezone="Europe/Berlin",
        tiers=(Tier(name="Gold", min_points=Points(100_50)),),
    )
    return Call(
        arguments={"loyaltyProgramId": program.id},
        answer={
            **told(program),
            "description": "One point for every euro",
            "defaultPending": "7D",
            "defaultValidity": "12M_U",
            "programJoinPolicy": "points_earned",
            "returnPolicy": "unlimited",
            "timezone": "Europe/Berlin",
            "tiers": [
                {
                    "id": ID,
                    "created": INSTANT,
                    "programID": program.id,
                    "name": "Gold",
                    "minPoints": 100.5,
                }
            ],
        },
    )


@case("getLoyaltyProgram", "does not find an unknown id", Mark.ASSUMED, "domain B0")
async def _(world: World) -> Call:
    return Call(arguments={"loyaltyProgramId": 999_999}, status=404, answer=missing())


@case("getApplications", "tells every application", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    application = await world.application()
    return Call(
        arguments={"pageSize": 1000, "skip": 0},
        answer={"totalResultSize": COUNT, "data": has(application)},
    )


@case("getApplication", "tells the application with its programs", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    application = await world.application()
    program = await world.program(subscribed_applications=(application["id"],))
    connected = {**told(program), "subscribedApplications": [application["id"]]}
    return Call(
        arguments={"applicationId": application["id"]},
        answer={
            "id": application["id"],
            "created": INSTANT,
            "modified": INSTANT,
            "accountId": ID,
            "name": application["name"],
            "timezone": "UTC",
            "currency": "EUR",
            "loyaltyPrograms": [connected],
        },
    )


@case("getApplication", "does not find an unknown id", Mark.ASSUMED, "domain B0")
async def _(world: World) -> Call:
    return Call(arguments={"applicationId": 999_999}, status=404, answer=missing())
