"""The table of cases; importing it fills it."""

from parity.cases import account, files, points, profiles, programs, transactions

__all__ = ["account", "files", "points", "profiles", "programs", "transactions"]
