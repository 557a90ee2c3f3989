"""Every operation of the contract: how much it matters, and which clients have it."""

from collections.abc import Iterable
from dataclasses import dataclass

# The mark is that of section B of the domain facts: essential, core, later, or none. The area tells
# apart what programs of profiles need from what belongs to cards, tiers, or sessions and rules.
_TABLE = """
updateCustomerProfileV2                    C profiles  python26 python9 node4 node5
updateCustomerProfilesV2                   C profiles  python26 python9 node4 node5
deleteCustomerData                         C profiles  python26 python9 node4 node5
getCustomerInventory                       E profiles  python26 python9 node4 node5
getLoyaltyBalances                         E profiles  python26 python9 node5
getLoyaltyProgramProfileTransactions       E profiles  python26 python9 node5
deleteLoyaltyTransactionsFromLedgers       C profiles  python26
joinLoyaltyProgram                         L profiles
getLoyaltyProgramProfilePoints             C profiles  python26 python9
activateLoyaltyPoints                      C profiles  python26
getLoyaltyLedgerBalances                   E profiles  python26
getLoyaltyProgramProfileLedgerTransactions E profiles  python26
getApplications                            C profiles  python26 python9 node4 node5
getApplication                             C profiles  python26 python9 node4 node5
getLoyaltyPrograms                         E profiles  python26 python9 node4 node5
getLoyaltyProgram                          E profiles  python26 python9 node4 node5
getDashboardStatistics                     E profiles  python26 python9
importLoyaltyPoints                        E profiles  python26 python9 node5
importLoyaltyJoinDates                     L profiles
getLoyaltyPoints                           L profiles  python26 python9 node4 node5
addLoyaltyPoints                           C profiles  python26 python9 node4 node5
removeLoyaltyPoints                        C profiles  python26 python9 node4 node5
getCustomersByAttributes                   C profiles  python26 python9 node4 node5
getApplicationCustomersByAttributes        C profiles  python26 python9 node5
exportLoyaltyLedger                        E profiles  python26 python9 node4 node5
exportLoyaltyJoinDates                     L profiles
getLoyaltyStatistics                       L profiles  python26 python9 node4 node5
exportLoyaltyBalances                      E profiles  python26 python9 node5
exportLoyaltyBalance                       L profiles  python26 python9 node4 node5
getLoyaltyProgramTransactions              E profiles  python26 python9 node5
getApplicationCustomers                    C profiles  python26 python9 node4 node5
getCustomerProfile                         C profiles  python26 python9 node4 node5
getCustomerProfiles                        C profiles  python26 python9 node4 node5
getApplicationCustomer                     C profiles  python26 python9 node4 node5
getUsers                                   C profiles  python26 python9 node4 node5
getUser                                    C profiles  python26 python9 node4 node5
updateUser                                 C profiles  python26 python9
deleteUser                                 C profiles  python26 python9
deleteUserByEmail                          L profiles  python26 python9
activateUserByEmail                        L profiles  python26 python9
deactivateUserByEmail                      L profiles  python26 python9
inviteUserExternal                         L profiles  python26 python9
getChanges                                 C profiles  python26 python9 node4 node5
createSession                              E profiles  python26 python9 node4 node5
destroySession                             E profiles  python26 python9 node4 node5
getExports                                 C profiles  python26 python9 node4 node5
listAllRolesV2                             L profiles  python26 python9
getRoleV2                                  L profiles  python26 python9
updateRoleV2                               L profiles  python26 python9
linkLoyaltyCardToProfile                   C cards     python26 python9 node5
unlinkLoyaltyCardFromProfile               C cards     python26
getLoyaltyCardBalances                     C cards     python26 python9 node5
getLoyaltyCardTransactions                 C cards     python26 python9 node5
getLoyaltyCardPoints                       C cards     python26 python9
generateLoyaltyCard                        C cards     python26 python9
importLoyaltyCards                         C cards     python26 python9 node5
createBatchLoyaltyCards                    C cards     python26 python9
exportLoyaltyCardBalances                  C cards     python26 python9 node5
getLoyaltyCards                            C cards     python26 python9 node5
exportLoyaltyCards                         C cards     python26 python9
deleteLoyaltyCard                          C cards     python26 python9 node5
updateLoyaltyCard                          C cards     python26 python9 node5
getLoyaltyCard                             C cards     python26 python9 node5
addLoyaltyCardPoints                       C cards     python26 python9 node5
deductLoyaltyCardPoints                    C cards     python26 python9 node5
exportLoyaltyCardLedger                    C cards     python26 python9 node5
getLoyaltyCardTransactionLogs              C cards     python26 python9 node5
transferLoyaltyCard                        C cards     python26 python9 node5
importLoyaltyCustomersTiers                C tiers     python26 python9 node5
exportCustomersTiers                       C tiers     python26 python9
updateCustomerSessionV2                    C rules     python26 python9 node4 node5
getCustomerSession                         C rules     python26 python9 node5
returnCartItems                            C rules     python26 python9 node5
reopenCustomerSession                      C rules     python26 python9 node5
trackEventV3                               L rules
getApplicationSessions                     C rules     python26 python9 node4 node5
getApplicationSession                      C rules     python26 python9 node4 node5
getAudiences                               - other     python26 python9 node4 node5
createAttribute                            - other     python26 python9 node4 node5
getAttributes                              - other     python26 python9 node4 node5
getWebhooks                                - other     python26 python9 node4 node5
getWebhook                                 - other     python26 python9 node4 node5
getAccount                                 - other     python26 python9 node4 node5
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table."""

    operation: str
    mark: str
    area: str
    clients: tuple[str, ...]

    @property
    def is_needed(self) -> bool:
        """Whether a program of profiles is not whole without it."""
        return self.mark == "E" or (self.mark == "C" and self.area == "profiles")


def _row(line: str) -> Row:
    operation, mark, area, *clients = line.split()
    return Row(operation=operation, mark=mark, area=area, clients=tuple(clients))


ROWS = {row.operation: row for row in map(_row, _TABLE.strip().splitlines())}


# Where an older client has the name of an operation, but on a path that the contract has no more.
ELSEWHERE = (("node4", "getApplicationCustomersByAttributes"),)

# What older clients have no parameter for; calls with one end in the client.
_FILTERS = "customerSessionIDs transactionUUIDs awaitsActivation"
LACKS = {
    ("python26", "exportLoyaltyBalance"): "balances",
    ("python26", "exportLoyaltyBalances"): "balances",
    ("python9", "exportLoyaltyBalance"): "balances",
    ("python9", "exportLoyaltyBalances"): "balances",
    ("python9", "getLoyaltyProgramProfilePoints"): "transactionUUIDs sort",
    ("python9", "getLoyaltyProgramProfileTransactions"): _FILTERS,
    ("python9", "getLoyaltyProgramTransactions"): _FILTERS,
    ("node4", "exportLoyaltyBalance"): "balances endDate",
    ("node4", "getCustomerInventory"): "giveaways",
    ("node4", "getCustomerProfiles"): "sandbox",
    ("node5", "exportLoyaltyBalance"): "balances",
    ("node5", "exportLoyaltyBalances"): "balances",
    ("node5", "getLoyaltyBalances"): "subledgerId includeTiers includeProjectedTier",
    ("node5", "getLoyaltyProgramProfileTransactions"): f"loyaltyTransactionType {_FILTERS}",
    ("node5", "getLoyaltyProgramTransactions"): _FILTERS,
    ("node5", "importLoyaltyPoints"): "notificationsEnabled",
}

# What older clients leave out of answers, as their models do not have it: the ends of paths.
_TRANSACTION = "transactionUUID validityDuration"
UNREAD = {
    ("python9", "getLoyaltyProgramProfilePoints"): _TRANSACTION,
    ("python9", "getLoyaltyProgramProfileTransactions"): _TRANSACTION,
    ("python9", "getLoyaltyProgramTransactions"): _TRANSACTION,
    ("python9", "getDashboardStatistics"): "totalNegativePoints",
    ("node4", "getApplication"): "0/cardBased 0/created 0/sandbox 0/timezone",
    ("node4", "getCustomerInventory"): "profile/id joinDate negativeBalance"
    " tentativeNegativeBalance tentativePendingBalance",
    ("node4", "getLoyaltyPoints"): "totalNegativePoints",
    ("node4", "getLoyaltyStatistics"): "date totalMembers",
    ("node4", "getLoyaltyProgram"): "cardBased created programJoinPolicy returnPolicy sandbox"
    " tiers timezone",
    ("node4", "getLoyaltyPrograms"): "cardBased created sandbox timezone",
    ("node4", "getUsers"): "isAdmin",
    ("node4", "updateCustomerProfileV2"): "customerProfile/id negativeBalance"
    " tentativeNegativeBalance tentativePendingBalance",
    ("node4", "updateCustomerProfilesV2"): "id",
    ("node5", "getCustomerInventory"): "joinDate negativeBalance tentativeNegativeBalance",
    ("node5", "getLoyaltyBalances"): "negativePoints",
    ("node5", "getLoyaltyPoints"): "totalNegativePoints",
    ("node5", "getLoyaltyProgram"): "programJoinPolicy returnPolicy",
    ("node5", "getLoyaltyProgramProfileTransactions"): _TRANSACTION,
    ("node5", "getLoyaltyProgramTransactions"): _TRANSACTION,
    ("node5", "getUsers"): "isAdmin",
    ("node5", "updateCustomerProfileV2"): "negativeBalance tentativeNegativeBalance",
}


def lacking(client: str, operation: str, names: Iterable[str]) -> list[str]:
    """Those of the arguments that the client has no parameter for."""
    known = LACKS.get((client, operation), "").split()
    return [name for name in names if name in known]


def unread(client: str, operation: str) -> frozenset[str]:
    """The members of an operation's answer that the client leaves out."""
    return frozenset(UNREAD.get((client, operation), "").split())
