"""Approvals and tasks: what a company decides and does, in the chat and in the console."""
