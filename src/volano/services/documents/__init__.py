"""Shared documents: edited together, kept with versions, found by their words."""
