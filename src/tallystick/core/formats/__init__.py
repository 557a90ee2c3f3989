"""The files that people send and fetch: one module per format, and what the formats share."""
