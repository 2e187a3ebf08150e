"""The registry's actions as tools (port `kernel/tools.py`)."""
