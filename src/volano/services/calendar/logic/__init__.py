"""Decisions of calendars."""
