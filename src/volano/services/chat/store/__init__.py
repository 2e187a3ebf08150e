"""SQL of the workplace, by resource."""
