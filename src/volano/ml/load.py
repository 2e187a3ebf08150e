"""Open a model's folder on this machine's device: what the engine calls to have a decoder."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from volano.ml.errors import BadRequest
from volano.ml.models.configs import ConfigFile
from volano.ml.models.families import parse_decoder
from volano.ml.models.gguf import GgufFile
from volano.ml.models.gguf_import import find_gguf, unpack_gguf
from volano.ml.models.numpy_decoder import NumpyDecoder
from volano.ml.models.weights import Weights

if TYPE_CHECKING:
    from pathlib import Path

    from volano.ml.models.batch import Decoder
    from volano.ml.models.weights import Tensors

# How weights are held: float32 in NumPy, or packed for the compiled kernels.
Form = Literal["f32", "bf16", "int8", "int4"]


def default_form() -> Form:
    """bfloat16 where kernels can be compiled, else float32 in NumPy."""
    return "bf16" if find_spec("llvmlite") else "f32"


def open_weights(folder: Path) -> Tensors:
    """The folder's tensors, from safetensors or its GGUF file; raises BadModel."""
    gguf = find_gguf(folder)
    return Weights(folder) if gguf is None else GgufFile(gguf)


def load_decoder(folder: Path, *, context_tokens: int, form: Form | None = None) -> Decoder:
    """The folder's decoder for positions up to `context_tokens`; raises BadModel or OutOfMemory."""
    form = form or default_form()
    unpack_gguf(folder)
    config = parse_decoder(ConfigFile(folder))
    context = min(config.max_positions, context_tokens)
    weights = open_weights(folder)
    if form == "f32":
        return NumpyDecoder(config, weights, max_positions=context)
    if not find_spec("llvmlite"):
        raise BadRequest(f"Weights as {form} need llvmlite: pip install volano[ml].")
    # Imported here: NumPy alone must do where llvmlite is not installed.
    from volano.ml.cpu.decoder import CpuDecoder  # noqa: PLC0415

    return CpuDecoder(config, weights, max_positions=context, form=form, folder=folder)


def quantise(folder: Path, form: Form) -> Path:
    """Pack a model's weights as `form` and keep them in its folder for quick loads; the file.

    May be repeated. Raises BadModel, OutOfMemory, or OSError when the disk is full.
    """
    if form == "f32":
        raise BadRequest("Weights can be kept as bf16, int8 or int4.")
    decoder = load_decoder(folder, context_tokens=1, form=form)
    # Imported here for the same reason.
    from volano.ml.cpu.packed_file import write_packed  # noqa: PLC0415

    assert decoder.arena is not None, "packed weights are one stretch of memory"
    return write_packed(folder, form, decoder.arena)
