"""HTTP in the contract's dialect: a table of operations, wire structs, one error table."""
