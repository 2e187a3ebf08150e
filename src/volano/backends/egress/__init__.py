"""Requests to the world outside."""
