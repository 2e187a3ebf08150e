"""Volano: an AI cloud you own. See ARCHITECTURE.md for the floors; imports go down."""

__version__ = "0.1.0"
