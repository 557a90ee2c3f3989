"""PostgreSQL: the only package that speaks to the driver. It never commits on its own."""
