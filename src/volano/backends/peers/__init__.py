"""Port `peers`: other regions over their public API."""
