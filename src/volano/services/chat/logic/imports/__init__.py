"""Importing other workplaces' archives: read as Slack's export, written as if said here."""
