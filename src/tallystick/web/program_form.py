"""The form of a program's settings: what it sends, and what it shows."""

from dataclasses import replace

from tallystick.core.errors import InvalidField, shown
from tallystick.core.programs import JoinPolicy, Program, ProgramSettings, ReturnPolicy
from tallystick.services.programs import Wish
from tallystick.web.durations import EXPIRIES, STARTS, chosen_time, time_options
from tallystick.web.visits import Visit

JOIN_WORDS = {
    JoinPolicy.NOT_JOIN: "Nobody: the program keeps no join dates",
    JoinPolicy.POINTS_EARNED: "Whoever earns points",
    JoinPolicy.POINTS_ACTIVATED: "Whoever has points that become active",
}
RETURN_WORDS = {
    ReturnPolicy.ONLY_PENDING: "Points that are pending",
    ReturnPolicy.WITHIN_BALANCE: "Pending and active points, as far as they go",
    ReturnPolicy.UNLIMITED: "All of them, below zero if need be",
}
FIELDS = (
    "name",
    "title",
    "description",
    "timezone",
    "sandbox",
    "defaultPending",
    "defaultValidity",
    "allowSubledger",
    "programJoinPolicy",
    "returnPolicy",
)


def new_settings(visit: Visit) -> ProgramSettings:
    """The settings of a new program as the form wants them. Errors: InvalidField."""
    form = visit.form
    return ProgramSettings(
        name=form.get("name", "").strip(),
        title=form.get("title", "").strip(),
        description=form.get("description", "").strip(),
        timezone=form.get("timezone", "").strip(),
        sandbox="sandbox" in form,
        default_pending=chosen_time(visit, "defaultPending"),
        default_validity=chosen_time(visit, "defaultValidity"),
        allow_subledger="allowSubledger" in form,
        join_policy=_join_policy(visit),
        return_policy=_return_policy(visit),
    )


def changed_program(visit: Visit, program: Program, *, early: bool) -> Wish:
    """The program as the form wants it; early: what the first points settle can still change.

    What the form does not show stays. Errors: InvalidField.
    """
    form, settings = visit.form, program.settings
    wanted = replace(
        settings,
        title=form.get("title", "").strip(),
        description=form.get("description", "").strip(),
        default_pending=chosen_time(visit, "defaultPending"),
        default_validity=chosen_time(visit, "defaultValidity"),
    )
    if not settings.card_based:
        wanted = replace(wanted, return_policy=_return_policy(visit))
    if early:
        wanted = replace(wanted, allow_subledger="allowSubledger" in form)
    if early and not settings.card_based:
        wanted = replace(wanted, join_policy=_join_policy(visit))
    return Wish(settings=wanted, tier_ids=program.tier_ids)


def form_values(visit: Visit, settings: ProgramSettings | None) -> dict[str, object]:
    """What the fields offer; settings: of the program, none if it is new."""
    pending = settings.default_pending if settings else "immediate"
    validity = settings.default_validity if settings else "unlimited"
    join = settings and settings.join_policy
    locale = visit.show.locale_name
    return {
        "fields": FIELDS,
        "pending": pending,
        "starts": time_options(STARTS, pending, locale=locale),
        "validity": validity,
        "expiries": time_options(EXPIRIES, validity, locale=locale),
        "join": (join or JoinPolicy.NOT_JOIN).value,
        "joins": [(policy.value, words) for policy, words in JOIN_WORDS.items()],
        "returning": (settings.return_policy if settings else ReturnPolicy.ONLY_PENDING).value,
        "returns": [(policy.value, words) for policy, words in RETURN_WORDS.items()],
    }


def _join_policy(visit: Visit) -> JoinPolicy:
    text = visit.form.get("programJoinPolicy", "")
    try:
        return JoinPolicy(text)
    except ValueError:
        raise _not_offered("programJoinPolicy", text) from None


def _return_policy(visit: Visit) -> ReturnPolicy:
    text = visit.form.get("returnPolicy", "")
    try:
        return ReturnPolicy(text)
    except ValueError:
        raise _not_offered("returnPolicy", text) from None


def _not_offered(field: str, text: str) -> InvalidField:
    return InvalidField(field, shown(text), "choose one of those that are offered")
