"""Regions and zones: which zones there are, how they are, and drills."""
