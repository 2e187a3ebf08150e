"""Port `state`: SQLite for one machine, PostgreSQL for many."""
