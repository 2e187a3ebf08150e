"""Billing's API actions."""
