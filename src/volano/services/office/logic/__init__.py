"""Approvals and tasks."""
