"""Slack's Web API under `/api`, its Socket Mode, and its upload and download routes."""
