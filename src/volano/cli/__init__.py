"""The `volano` command: one file per command, imported only when it is run."""
