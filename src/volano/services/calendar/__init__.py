"""Calendars: events with guests, free and busy times, reminders, and CalDAV."""
