"""Operations on a member of a program. The busiest first: routes are tried in this order."""

from http import HTTPStatus

from tallystick.api import points, wire
from tallystick.api.operations import MANAGERS, SHOPS, Operation
from tallystick.api.routes.paths import PROFILE

OPERATIONS = (
    Operation(
        id="addLoyaltyPoints",
        method="PUT",
        path=PROFILE + "/add_points",
        who=MANAGERS,
        body=wire.AddPoints,
        status=HTTPStatus.NO_CONTENT,
        handler=points.add_points,
    ),
    Operation(
        id="removeLoyaltyPoints",
        method="PUT",
        path=PROFILE + "/deduct_points",
        who=MANAGERS,
        body=wire.DeductPoints,
        status=HTTPStatus.NO_CONTENT,
        handler=points.deduct_points,
    ),
    Operation(
        id="getLoyaltyBalances",
        method="GET",
        path=PROFILE + "/balances",
        who=SHOPS,
        query=points.BalancesQuery,
        answer=wire.BalancesBody,
        handler=points.get_balances,
    ),
    Operation(
        id="getLoyaltyProgramProfileTransactions",
        method="GET",
        path=PROFILE + "/transactions",
        who=SHOPS,
        query=points.TransactionsQuery,
        answer=wire.TransactionsBody,
        handler=points.get_transactions,
    ),
)
