"""Containers: where the code interpreter's code runs, with its files."""
