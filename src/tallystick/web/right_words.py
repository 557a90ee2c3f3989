"""What each right is about, for people who look at the table of roles."""

from tallystick.core.roles import Right, Role

EXPLAINED = {
    Right.SEE: "The overview, members, their balances and transactions",
    Right.POST_POINTS: "By hand, for one member, with a reason that stays in the books",
    Right.APPROVE: "In programs that let them wait for a second person; nobody approves their own",
    Right.EXPORT: "Dashboard data, balances and transaction logs, and the files made before",
    Right.IMPORT: "Points and join dates of many members at once, and undoing that",
    Right.CUSTOMERS: "Their profiles with attributes, and forgetting them",
    Right.PROGRAMS: "With their settings, time zones and rules",
    Right.KEYS: "What other systems show to be let in",
    Right.PEOPLE: "Who can sign in, and as what",
    Right.AUDIT: "Who did what, when and from where, and what it was before",
    Right.OWN_ACCOUNT: "Your name, password, look, and where you are signed in",
}

# Rights that a role gives within a limit, and which.
LIMITED = {(Right.POST_POINTS, Role.SUPPORT): "Up to a set number of points a day"}
