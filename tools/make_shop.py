"""Makes the generated part of examples/shop: products.csv, orders.csv and pictures/.

    python tools/make_shop.py [--output DIR]     write the files
    python tools/make_shop.py --check            compare with what is there; exit 1 on a difference

The policies, the questions and the report job beside them are written by hand. Pictures are
compared by their pixels, because zlib builds compress differently.
"""

from __future__ import annotations

import argparse
import struct
import sys
import zlib
from pathlib import Path

from shop.catalogue import products_csv, read_catalogue
from shop.figures import picture
from shop.orders import orders_csv

SHOP = Path(__file__).resolve().parent.parent / "examples" / "shop"


def make_files() -> dict[str, bytes]:
    """Each generated file's content by its path under the shop's folder."""
    catalogue = read_catalogue()
    files = {
        "products.csv": products_csv(catalogue).encode(),
        "orders.csv": orders_csv(catalogue).encode(),
    }
    for product in catalogue.products:
        files[f"pictures/{product.handle}.png"] = picture(product.draw)
    return files


def differences(files: dict[str, bytes], folder: Path) -> list[str]:
    """What is missing in, unlike in, or left over in `folder`."""
    found = []
    for name, content in files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif _essence(path.read_bytes()) != _essence(content):
            found.append(f"{name} is not what the generator makes")
    left_over = {f"pictures/{path.name}" for path in (folder / "pictures").glob("*")} - set(files)
    return found + [f"{name} is not made by the generator" for name in sorted(left_over)]


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the example shop's generated files.")
    parser.add_argument("--output", type=Path, default=SHOP, metavar="DIR")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    args = parser.parse_args()
    files = make_files()
    if args.check:
        found = differences(files, args.output)
        sys.stdout.write("".join(f"{line}\n" for line in found))
        return 1 if found else 0
    for name, content in files.items():
        path = args.output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sys.stdout.write(f"{len(files)} files, {sum(map(len, files.values()))} bytes\n")
    return 0


def _essence(content: bytes) -> bytes:
    """The file itself, or a PNG's decompressed picture."""
    if not content.startswith(b"\x89PNG"):
        return content
    at, packed = 8, b""
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        if content[at + 4 : at + 8] == b"IDAT":
            packed += content[at + 8 : at + 8 + length]
        at += 12 + length
    return zlib.decompress(packed)


if __name__ == "__main__":
    sys.exit(main())
