"""SQL of the assistants, one file per resource."""
