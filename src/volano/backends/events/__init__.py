"""Port `events`: in process on one machine."""
