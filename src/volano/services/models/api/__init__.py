"""The models service's API actions."""
