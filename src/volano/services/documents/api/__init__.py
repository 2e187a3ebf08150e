"""API actions of documents."""
