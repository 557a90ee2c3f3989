"""Use cases: one function, one intention, one transaction. Only services commit."""
