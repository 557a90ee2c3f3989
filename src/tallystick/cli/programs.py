"""`tallystick program`: programs are made and listed, and what waits in one is set."""

import re
from dataclasses import asdict
from typing import Annotated

import typer

from tallystick.cli.options import AsJson, ProgramName, examples, read_instant, read_points
from tallystick.cli.output import exact, say, write_json, write_json_array, write_line, write_table
from tallystick.cli.runtime import run_in_context
from tallystick.core.approvals import FourEyes
from tallystick.core.errors import InvalidField, shown
from tallystick.core.points import ZERO, parse_points
from tallystick.core.programs import (
    CardCodeSettings,
    JoinPolicy,
    Program,
    ProgramSettings,
    ReturnPolicy,
    Tier,
    TiersDowngradePolicy,
    TiersExpirationPolicy,
)
from tallystick.services.context import Context
from tallystick.services.four_eyes import four_eyes, set_four_eyes
from tallystick.services.programs import create_program, get_program_named, list_programs

app = typer.Typer(
    no_args_is_help=True,
    help="Make, list and guard loyalty programs.",
    epilog=examples("tallystick program create --name Club --timezone Europe/Berlin"),
)

Name = Annotated[str, typer.Option(metavar="NAME", help="Its name; no other program has it.")]
Zone = Annotated[
    str, typer.Option(metavar="ZONE", help="The time zone of its days, like Europe/Berlin.")
]
Title = Annotated[
    str, typer.Option(metavar="TEXT", help="What people call it.", show_default="the name")
]
Description = Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")]
Subledgers = Annotated[
    bool, typer.Option("--allow-subledger", help="Let points be kept in subledgers.")
]
CardBased = Annotated[
    bool, typer.Option("--card-based", help="Let points belong to cards, not to profiles.")
]
Sandbox = Annotated[
    bool, typer.Option("--sandbox", help="Let its members be those of the sandbox.")
]
Applications = Annotated[
    list[int] | None,
    typer.Option("--application", metavar="ID", help="An application it serves; repeatable."),
]
Pending = Annotated[
    str,
    typer.Option(
        metavar="TIME", help="When points become active: immediate, on_action or after, like 14D."
    ),
]
Validity = Annotated[
    str,
    typer.Option(metavar="TIME", help="How long points last: unlimited or as long as, like 12M_U."),
]
Join = Annotated[
    JoinPolicy | None,
    typer.Option(
        "--join-policy",
        metavar="POLICY",
        help="What makes members join: not_join, points_activated or points_earned.",
    ),
]
Return = Annotated[
    ReturnPolicy,
    typer.Option(
        metavar="POLICY",
        help="What a return takes back: only_pending, within_balance or unlimited.",
    ),
]
Tiers = Annotated[
    list[str] | None,
    typer.Option("--tier", metavar="NAME=POINTS", help="A tier, like Gold=1000; repeatable."),
]
TiersExpiration = Annotated[
    TiersExpirationPolicy | None,
    typer.Option(
        metavar="POLICY",
        help="What the expiry of a tier counts from: tier_start_date, program_join_date,"
        " customer_attribute or absolute_expiration.",
    ),
]
TierCycleStart = Annotated[
    str | None,
    typer.Option(metavar="INSTANT", help="When cycles start, for absolute_expiration."),
]
TiersExpireIn = Annotated[
    str | None, typer.Option(metavar="TIME", help="How long a tier lasts, like 12M.")
]
TiersDowngrade = Annotated[
    TiersDowngradePolicy | None,
    typer.Option(
        metavar="POLICY", help="Where members go from an expired tier: one_down or balance_based."
    ),
]
CardUsers = Annotated[
    int | None, typer.Option(metavar="COUNT", help="How many may share a card; 0 for any number.")
]
CardCharacters = Annotated[
    str | None, typer.Option(metavar="TEXT", help="The characters of card codes, like ABC123.")
]
CardPattern = Annotated[
    str | None, typer.Option(metavar="TEXT", help="How card codes look, like CARD-####.")
]

# Refusals name a field as the contract spells it; people have written an option.
_OPTIONS = {
    "subscribedApplications": "--application",
    "defaultPending": "--pending",
    "defaultValidity": "--validity",
    "programJoinPolicy": "--join-policy",
    "returnPolicy": "--return-policy",
    "tiers": "--tier",
    "tiersExpirationPolicy": "--tiers-expiration-policy",
    "tierCycleStartDate": "--tier-cycle-start",
    "tiersExpireIn": "--tiers-expire-in",
    "tiersDowngradePolicy": "--tiers-downgrade-policy",
    "usersPerCardLimit": "--users-per-card-limit",
    "cardCodeSettings": "--card-pattern",
    "cardCodeSettings.couponPattern": "--card-pattern",
    "cardCodeSettings.validCharacters": "--card-characters",
}
_ZERO_POINTS = re.compile(r"0(\.00?)?")


@app.command(
    "create",
    epilog=examples(
        "tallystick program create --name Groceries --timezone America/New_York \\",
        "  --allow-subledger",
        "tallystick program create --name Club --timezone Europe/Berlin \\",
        "  --pending 14D --validity 12M_U --tier Bronze=0 --tier Gold=1000",
    ),
)
def create(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    name: Name,
    timezone: Zone,
    title: Title = "",
    description: Description = "",
    allow_subledger: Subledgers = False,
    card_based: CardBased = False,
    sandbox: Sandbox = False,
    applications: Applications = None,
    pending: Pending = "immediate",
    validity: Validity = "unlimited",
    join_policy: Join = None,
    return_policy: Return = ReturnPolicy.ONLY_PENDING,
    tiers: Tiers = None,
    tiers_expiration_policy: TiersExpiration = None,
    tier_cycle_start: TierCycleStart = None,
    tiers_expire_in: TiersExpireIn = None,
    tiers_downgrade_policy: TiersDowngrade = None,
    users_per_card_limit: CardUsers = None,
    card_characters: CardCharacters = None,
    card_pattern: CardPattern = None,
    as_json: AsJson = False,
) -> None:
    """Make a program and print its id."""
    try:
        settings = ProgramSettings(
            name=name,
            title=title,
            description=description,
            timezone=timezone,
            card_based=card_based,
            sandbox=sandbox,
            subscribed_applications=tuple(applications or ()),
            default_pending=pending,
            default_validity=validity,
            allow_subledger=allow_subledger,
            join_policy=join_policy,
            return_policy=return_policy,
            tiers=tuple(map(_read_tier, tiers or ())),
            tiers_expiration_policy=tiers_expiration_policy,
            tier_cycle_start_date=read_instant("--tier-cycle-start", tier_cycle_start),
            tiers_expire_in=tiers_expire_in,
            tiers_downgrade_policy=tiers_downgrade_policy,
            users_per_card_limit=users_per_card_limit,
            card_code_settings=_card_codes(card_characters, card_pattern),
        )
    except InvalidField as refused:
        raise InvalidField(_option(refused.field), refused.found, refused.fix) from refused
    program = run_in_context(ctx, lambda context: create_program(context, settings))
    if as_json:
        write_json(_record(program))
    else:
        write_line(program.id)
        say(f"The program {shown(name)} is there; import points with --program {shown(name)}.")


@app.command("list", epilog=examples("tallystick program list"))
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Print all programs, in the order of their ids."""
    programs = run_in_context(ctx, list_programs)
    if as_json:
        write_json_array(map(_record, programs))
        return
    header = ("id", "name", "time zone", "pending", "validity", "subledgers", "environment")
    write_table([header, *map(_row, programs)])


ImportsWait = Annotated[
    bool | None,
    typer.Option(
        "--imports/--no-imports", help="Whether imports and undos wait.", show_default=False
    ),
]
PointsFrom = Annotated[
    str | None,
    typer.Option(
        metavar="POINTS",
        help="From how many points on changes by hand wait; none for never.",
        show_default=False,
    ),
]


@app.command(
    "four-eyes",
    epilog=examples(
        "tallystick program four-eyes --program Club",
        "tallystick program four-eyes --program Club --imports --points-from 500",
        "tallystick program four-eyes --program Club --no-imports --points-from none",
    ),
)
def four_eyes_(
    ctx: typer.Context,
    *,
    program_name: ProgramName,
    imports: ImportsWait = None,
    points_from: PointsFrom = None,
    as_json: AsJson = False,
) -> None:
    """Print or set what waits for a second person."""
    limit = None
    if points_from is not None and points_from != "none":
        limit = read_points("--points-from", points_from, fix="write an amount, or none")

    async def work(context: Context) -> FourEyes:
        program = await get_program_named(context, program_name)
        found = await four_eyes(context, program.id)
        wanted = FourEyes(
            imports_wait=found.imports_wait if imports is None else imports,
            points_from=found.points_from if points_from is None else limit,
        )
        if wanted != found:
            await set_four_eyes(context, None, program.id, wanted)
        return wanted

    found = run_in_context(ctx, work)
    shown_limit = None if found.points_from is None else exact(found.points_from)
    if as_json:
        write_json({"imports_wait": found.imports_wait, "points_from": shown_limit})
    else:
        imports_wait = "yes" if found.imports_wait else "no"
        rows = [("imports wait", "points wait from"), (imports_wait, shown_limit or "never")]
        write_table(rows)


def _row(program: Program) -> tuple[object, ...]:
    settings = program.settings
    return (
        program.id,
        settings.name,
        settings.timezone,
        settings.default_pending,
        settings.default_validity,
        "yes" if settings.allow_subledger else "no",
        program.environment.value,
    )


def _record(program: Program) -> dict[str, object]:
    """All there is to say about a program."""
    tiers = [
        {"id": tier_id, "name": tier.name, "min_points": exact(tier.min_points)}
        for tier_id, tier in zip(program.tier_ids, program.settings.tiers, strict=True)
    ]
    identity = {"id": program.id, "created_at": program.created_at}
    return identity | asdict(program.settings) | {"tiers": tiers}


def _read_tier(text: str) -> Tier:
    name, _, amount = text.rpartition("=")
    min_points = ZERO if _ZERO_POINTS.fullmatch(amount) else parse_points(amount)
    if not name or min_points is None:
        raise InvalidField("--tier", shown(text), "write NAME=POINTS, like Gold=1000 or Bronze=0")
    return Tier(name=name, min_points=min_points)


def _card_codes(characters: str | None, pattern: str | None) -> CardCodeSettings | None:
    """Both or none; what is missing is refused by the settings."""
    if characters is None and pattern is None:
        return None
    return CardCodeSettings(valid_characters=tuple(characters or ""), coupon_pattern=pattern or "")


def _option(field: str) -> str:
    """The option behind a field, and behind a part of one, like tiers[1].name."""
    whole = field.partition("[")[0]
    return _OPTIONS.get(whole, whole if whole.startswith("--") else f"--{whole}")
