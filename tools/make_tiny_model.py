"""Write the tiny test model to a folder: `python tools/make_tiny_model.py FOLDER`.

The model is built in and made by the engine on first use; this script is for whoever wants the
files. Its generated text is not useful.
"""

from __future__ import annotations

import sys
from pathlib import Path

from volano.ml.models.tiny import NOTE, make_tiny_model


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    make_tiny_model(folder)
    size_bytes = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder}: {size_bytes / 1e6:.1f} MB. {NOTE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
