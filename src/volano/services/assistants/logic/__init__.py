"""What assistants do."""
