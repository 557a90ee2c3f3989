"""The rules of the ledger: plain functions and data. No I/O, no clock, no randomness, no logs."""
