"""Writes `services/identity/logic/breached.bin`: passwords that everybody guesses first.

    .venv/bin/python tools/gen_breached.py LIST    # one password a line, the most used first

The list in the repository was made from the 30,000 passwords in the frequency list of zxcvbn 4.5
(PyPI, MIT), which come from public leaks. Only those long enough to be chosen here are kept, as the
first six bytes of their SHA-256 in lower case, sorted: nobody has to read them, and looking one up
is a binary search.
"""

from __future__ import annotations

import sys
from pathlib import Path

from volano.services.identity.logic.breached import DIGEST_BYTES, LIST, digest_of
from volano.services.identity.logic.passwords import MIN_PASSWORD_CHARACTERS


def main() -> int:
    lines = Path(sys.argv[1]).read_text().splitlines()
    kept = {digest_of(line) for line in lines if len(line) >= MIN_PASSWORD_CHARACTERS}
    LIST.write_bytes(b"".join(sorted(kept)))
    print(f"{len(kept)} passwords of {DIGEST_BYTES} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
