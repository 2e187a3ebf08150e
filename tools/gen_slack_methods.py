"""Write src/volano/wire/slack/methods.json: the names of Slack's Web API methods.

Reads the calls of the installed slack_sdk's WebClient and its legacy client (facts only). Run:
`python tools/gen_slack_methods.py`.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path

import slack_sdk.version
import slack_sdk.web

TARGET = Path(__file__).parents[1] / "src/volano/wire/slack/methods.json"
METHOD = re.compile(r"[a-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+")


def main() -> None:
    folder = Path(slack_sdk.web.__file__).parent
    names: set[str] = set()
    for name in ("client.py", "legacy_client.py", "base_client.py"):
        names |= called_methods(ast.parse((folder / name).read_text()))
    TARGET.write_text(json.dumps(sorted(names), indent=1) + "\n")
    print(f"{len(names)} methods of slack_sdk {slack_sdk.version.__version__}", file=sys.stderr)


def called_methods(tree: ast.Module) -> set[str]:
    """First arguments of `api_call` that are method names."""
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "api_call"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and METHOD.fullmatch(node.args[0].value)
    }


if __name__ == "__main__":
    main()
