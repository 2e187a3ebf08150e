"""Implementations of the port `inference`, and what they need: extras installed, models pulled."""
