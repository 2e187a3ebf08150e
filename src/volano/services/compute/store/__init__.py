"""SQL of compute, one file per table."""
