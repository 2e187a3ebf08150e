"""SQL of the models service."""
