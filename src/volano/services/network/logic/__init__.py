"""Decisions of the network service."""
