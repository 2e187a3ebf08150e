"""`volano models`: what there is, bringing more, memory, measuring, packing, serving alone."""

from __future__ import annotations

import argparse

from volano.cli.models import bench, catalogue, packing, serve
from volano.cli.settings import add_config_arguments

_NAMED = (
    ("rm", "delete a pulled model or one of an upstream", catalogue.remove),
    ("delete", "the same as rm", catalogue.remove),
    ("load", "have a model in memory now", catalogue.load),
    ("unload", "free a model's memory", catalogue.unload),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_arguments(parser)
    parser.set_defaults(do=catalogue.show)
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(name: str, about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about)
        add_config_arguments(made, default=argparse.SUPPRESS)
        return made

    command("list", "the catalogue: size, licence, memory, whether it fits").set_defaults(
        do=catalogue.show
    )
    for name, about, do in _NAMED:
        made = command(name, about)
        made.add_argument("name", help="for example Qwen/Qwen3-0.6B")
        made.set_defaults(do=do)
    pull = command("pull", "bring a model from the hub, a mirror, a bucket or a folder")
    catalogue.add_pull_arguments(pull)
    pin = command("pin", "keep a model in memory, also after a restart")
    pin.add_argument("name")
    pin.add_argument("--off", action="store_true", help="no longer")
    pin.set_defaults(do=catalogue.pin)
    bench.add_arguments(command("bench", "measure a served model: first token, tokens a second"))
    packing.add_arguments(command("quantize", "pack a model's weights into 8 or 4 bits"))
    serve.add_arguments(command("serve", "serve one folder of weights alone, with OpenAI's API"))


def run(args: argparse.Namespace) -> int:
    return int(args.do(args))
