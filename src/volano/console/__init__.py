"""Serves the built web console; it uses public APIs only, with a session of identity's."""
