"""The table of all operations."""

from http import HTTPStatus

from tallystick.api import health, imports, points, programs, sessions, wire
from tallystick.api.operations import ANYBODY, MANAGERS, SHOPS, Operation
from tallystick.services.accounts import CallerKind

_PROGRAM = "/v1/loyalty_programs/{loyaltyProgramId}"
_PROFILE = _PROGRAM + "/profile/{integrationId}"

# The busiest first: routes are tried in this order.
OPERATIONS = (
    Operation(
        id="addLoyaltyPoints",
        method="PUT",
        path=_PROFILE + "/add_points",
        who=MANAGERS,
        body=wire.AddPoints,
        status=HTTPStatus.NO_CONTENT,
        handler=points.add_points,
    ),
    Operation(
        id="removeLoyaltyPoints",
        method="PUT",
        path=_PROFILE + "/deduct_points",
        who=MANAGERS,
        body=wire.DeductPoints,
        status=HTTPStatus.NO_CONTENT,
        handler=points.deduct_points,
    ),
    Operation(
        id="getLoyaltyBalances",
        method="GET",
        path=_PROFILE + "/balances",
        who=SHOPS,
        query=points.BalancesQuery,
        answer=wire.BalancesBody,
        handler=points.get_balances,
    ),
    Operation(
        id="getLoyaltyProgramProfileTransactions",
        method="GET",
        path=_PROFILE + "/transactions",
        who=SHOPS,
        query=points.TransactionsQuery,
        answer=wire.TransactionsBody,
        handler=points.get_transactions,
    ),
    Operation(
        id="importLoyaltyPoints",
        method="POST",
        path=_PROGRAM + "/import_points",
        who=MANAGERS,
        query=imports.ImportQuery,
        answer=wire.ImportBody,
        handler=imports.post_points,
    ),
    Operation(
        id="getLoyaltyProgram",
        method="GET",
        path=_PROGRAM,
        who=MANAGERS,
        answer=programs.ProgramBody,
        handler=programs.get_one,
    ),
    Operation(
        id="getLoyaltyPrograms",
        method="GET",
        path="/v1/loyalty_programs",
        who=MANAGERS,
        answer=programs.ProgramsBody,
        handler=programs.get_all,
    ),
    Operation(
        id="createLoyaltyProgram",
        method="POST",
        path="/v1/loyalty_programs",
        who=MANAGERS,
        body=programs.NewLoyaltyProgram,
        answer=programs.ProgramBody,
        status=HTTPStatus.CREATED,
        handler=programs.post_program,
    ),
    Operation(
        id="createSession",
        method="POST",
        path="/v1/sessions",
        who=ANYBODY,
        body=wire.NewSession,
        answer=wire.SessionBody,
        status=HTTPStatus.CREATED,
        handler=sessions.create_session,
    ),
    Operation(
        id="destroySession",
        method="DELETE",
        path="/v1/sessions",
        who=frozenset({CallerKind.PERSON}),
        status=HTTPStatus.NO_CONTENT,
        handler=sessions.destroy_session,
    ),
    Operation(
        id="getHealth",
        method="GET",
        path="/healthz",
        who=ANYBODY,
        answer=health.HealthBody,
        handler=health.get_health,
    ),
    Operation(
        id="getReadiness",
        method="GET",
        path="/readyz",
        who=ANYBODY,
        answer=health.HealthBody,
        handler=health.get_readiness,
    ),
)
