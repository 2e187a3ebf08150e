"""Billing: prices, the usage ledger, bills and budgets."""
