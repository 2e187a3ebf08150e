"""Rows of the object store: hand-written SQL, one file per table."""
