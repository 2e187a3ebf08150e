"""API actions of calendars."""
