"""Words every floor shares, and the ports. Pure: no I/O, no SQL, no global state."""
