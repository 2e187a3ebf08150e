"""Rows of KMS."""
