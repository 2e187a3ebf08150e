"""Volano's own REST API under `/volano/v1`, its OpenAPI document, and live updates."""
