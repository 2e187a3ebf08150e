"""Write `src/volano/wire/aws/services.json`: what tells one AWS service from another.

Reading the metadata of every botocore model takes seconds, so the gateway reads this table
instead. Run by `make types`; a test compares it with the installed botocore.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from botocore.loaders import Loader

TARGET = Path(__file__).parents[1] / "src" / "volano" / "wire" / "aws" / "services.json"


def folders(loader: Loader) -> list[str]:
    return sorted(loader.list_available_services("service-2"))


def row(loader: Loader, folder: str) -> list[str]:
    """Signing name, target prefix, endpoint prefix, API version, protocol."""
    metadata = loader.load_service_model(folder, "service-2")["metadata"]
    return [
        metadata.get("signingName", metadata["endpointPrefix"]),
        metadata.get("targetPrefix", ""),
        metadata["endpointPrefix"],
        metadata["apiVersion"],
        metadata["protocol"],
    ]


def table() -> dict[str, list[str]]:
    loader = Loader()
    return {folder: row(loader, folder) for folder in folders(loader)}


def render(found: dict[str, list[str]]) -> str:
    lines = (f"{json.dumps(folder)}: {json.dumps(row)}" for folder, row in found.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> int:
    TARGET.write_text(render(table()))
    print(f"wrote {TARGET.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
