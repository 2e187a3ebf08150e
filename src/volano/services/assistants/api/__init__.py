"""Actions of assistants."""
