"""API actions of Secrets Manager."""
