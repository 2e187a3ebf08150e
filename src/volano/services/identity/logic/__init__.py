"""Decisions of identity: check, open the transaction, write, publish."""
