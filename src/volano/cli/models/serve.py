"""`volano models serve FOLDER`: the engine alone with OpenAI's API, nothing else of the cloud."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from volano.app.serve_model import serve_model
from volano.backends.inference.model_files import has_model
from volano.cli.settings import config_of
from volano.kernel.errors import NotFound

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", type=Path, help="config.json, tokenizer and weights, or one GGUF file"
    )
    parser.add_argument("--name", default="", help="what it is asked as; the folder's name if not")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--listen", default="127.0.0.1")
    parser.add_argument("--key", default="", help="the API key to ask for; none if not given")
    parser.set_defaults(do=serve)


def serve(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    folder = args.folder.expanduser().absolute()
    if not has_model(folder):
        raise NotFound(f"There is no model in {folder}: no config.json, no GGUF file.")
    config = config_of(args, listen=args.listen, port=args.port)
    name = args.name or folder.name
    serve_model(config, folder, name=name, key=args.key, on_ready=lambda url: _say(url, name, args))
    return 0


def _say(url: str, name: str, args: argparse.Namespace) -> None:
    key = args.key or "none-is-asked-for"
    print(f"{name} is served. Ctrl-C stops it.", flush=True)
    print(f"  export OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={key}", flush=True)
