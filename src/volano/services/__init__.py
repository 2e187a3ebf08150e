"""The cloud itself: one folder per service, all of one shape (see ARCHITECTURE.md)."""
