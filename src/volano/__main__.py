"""`python -m volano` is the `volano` command."""

from volano.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
