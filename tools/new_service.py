"""`make service name=queues`: writes the modules of a new service, all of one shape."""

from __future__ import annotations

import re
import sys
from pathlib import Path

SERVICES = Path(__file__).parent.parent / "src" / "volano" / "services"

FILES = {
    "__init__.py": '"""{Title}: say in one line what it is for."""\n',
    "model.py": '"""The nouns of {name}; pure."""\n\nfrom __future__ import annotations\n',
    "store.py": '"""SQL of {name}."""\n\nfrom __future__ import annotations\n',
    "schema/0001_{name}.sql": "-- Tables of {name}, in the SQL that SQLite and PostgreSQL share.\n",
    "logic/__init__.py": '"""Decisions of {name}."""\n',
    "interface.py": '"""What other services may ask of {name}."""\n\n'
    "from __future__ import annotations\n",
    "api/__init__.py": '"""API actions of {name}."""\n',
    "work.py": '"""Reconcilers and event handlers of {name}."""\n\n'
    "from __future__ import annotations\n",
}


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if not re.fullmatch(r"[a-z]+", name):
        print("usage: make service name=WORD (lower-case letters, the field's own word)")
        return 2
    folder = SERVICES / name
    if folder.exists():
        print(f"there is a service {name} already")
        return 1
    for path, text in FILES.items():
        file = folder / path.format(name=name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(name=name, Title=name.capitalize()))
        print(file.relative_to(SERVICES.parents[2]))
    print("Now add the word to contract 2 in pyproject.toml, then write model, store, logic, api.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
