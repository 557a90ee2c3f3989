"""Tallystick: a loyalty-points ledger that answers for any balance at any moment."""

__version__ = "0.1.0"
