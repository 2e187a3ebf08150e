"""Bytes <-> typed calls for each protocol; knows no service."""
