"""The command line: data on stdout, talk on stderr; exit 0 done, 1 refused, 2 misused, 3 fault."""
