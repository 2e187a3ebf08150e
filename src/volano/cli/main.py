"""`volano`: finds the command, imports its module only, and turns errors into exit codes.

A command is a module with `add_arguments(parser)` and `run(args) -> int`. Exit codes: 0 done,
1 the work failed, 2 the arguments or settings are wrong, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback

from volano import __version__

COMMANDS = {
    "up": "start the cloud in the foreground",
    "tour": "take a small company through a day, with stock clients only",
    "doctor": "check this machine and this data folder, and say how to mend",
    "bill": "print this month's bill, line by line",
    "models": "list, pull, load, pin, measure, pack and serve models",
    "zone": "drill: `volano zone fail b`, `volano zone restore b`, `volano zone list`",
    "login": "print a new one-time login link",
    "keys": "list, make and revoke keys",
    "root-key": "show or rotate the key that wraps all others",
    "who-can": "who may do an action on a resource, and by which statement",
    "explain": "why somebody may do something, or may not",
    "security": "say what is weak in this account, and how to mend it",
    "aws": "run any AWS operation: `volano aws s3 ListBuckets`",
    "chat": "import a workplace, or export this one: `volano chat import export.zip`",
    "slack": "run a Slack app that knows only slack.com: `volano slack run -- python app.py`",
    "enable": "install an extra: ml, scale or clients",
    "backup": "write everything to one file",
    "restore": "make a data folder from a backup",
    "rebuild-index": "make the index of objects again from the zones' logs",
    "coverage": "list every API operation: built, partial, not built",
    "version": "print the version",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        _print_help()
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version", "version"):
        print(f"volano {__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        print(f"volano: there is no command {name!r}; see `volano --help`.", file=sys.stderr)
        return 2
    module = importlib.import_module(f"volano.cli.{name.replace('-', '_')}")
    parser = argparse.ArgumentParser(prog=f"volano {name}", description=COMMANDS[name])
    module.add_arguments(parser)
    return _run(module, parser.parse_args(arguments[1:]))


def _run(module: object, args: argparse.Namespace) -> int:
    from volano.kernel.errors import Invalid, VolanoError  # noqa: PLC0415 - keeps --help fast

    try:
        return int(module.run(args))  # type: ignore[attr-defined]  # every command has it
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except VolanoError as error:
        print(f"volano: {error.message}", file=sys.stderr)
        for name, fact in error.facts.items():
            print(f"  {name}: {fact}", file=sys.stderr)
        return 2 if isinstance(error, Invalid) else 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"volano: {where}{error.strerror or error}", file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001 - a person reads this, not a traceback
        last = traceback.extract_tb(error.__traceback__)[-1]
        print(
            f"volano: an internal error: {error!r}\n  in {last.name}, line {last.lineno} of "
            f"{last.filename}. Please report it.",
            file=sys.stderr,
        )
        return 1


def _print_help() -> None:
    print("usage: volano COMMAND [options]\n\nAn AI cloud you own. Commands:")
    for name, text in COMMANDS.items():
        print(f"  {name:10} {text}")
    print("\n`volano COMMAND --help` tells more. Start with `volano up`.")
