"""The Model Context Protocol: this cloud's actions as tools for outside models."""
