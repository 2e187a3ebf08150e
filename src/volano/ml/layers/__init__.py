"""The pieces models are made of, as functions over arrays."""
