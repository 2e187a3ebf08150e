"""Open a model's folder on this machine's device: what the engine calls to have a decoder."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import numpy as np

from volano.ml.errors import BadRequest
from volano.ml.gpu.choice import choose_gpu
from volano.ml.models.configs import ConfigFile
from volano.ml.models.families import parse_decoder
from volano.ml.models.gguf import GgufFile
from volano.ml.models.gguf_import import find_gguf, unpack_gguf
from volano.ml.models.numpy_decoder import NumpyDecoder
from volano.ml.models.weights import Weights

if TYPE_CHECKING:
    from pathlib import Path

    from volano.ml.gpu.choice import Device, GpuKind
    from volano.ml.gpu.plan import Memory
    from volano.ml.models.batch import Decoder
    from volano.ml.models.decoder import DecoderConfig
    from volano.ml.models.weights import Tensors

# How weights are held: float32 in NumPy, or packed for the compiled kernels.
Form = Literal["f32", "bf16", "int8", "int4"]


def default_form(device: Device = "auto") -> Form:
    """bfloat16 on a card and where kernels can be compiled, else float32 in NumPy."""
    return "bf16" if choose_gpu(device) or find_spec("llvmlite") else "f32"


def kept_form(folder: Path) -> Form | None:
    """The form that `quantise` keeps a folder's weights in, where kernels can be compiled."""
    if not find_spec("llvmlite"):
        return None
    forms: tuple[Form, ...] = ("int4", "int8")
    return next((form for form in forms if (folder / f"volano-{form}.packed").is_file()), None)


def open_weights(folder: Path) -> Tensors:
    """The folder's tensors, from safetensors or its GGUF file; raises BadModel."""
    gguf = find_gguf(folder)
    return Weights(folder) if gguf is None else GgufFile(gguf)


def weight_bytes(folder: Path, form: Form) -> int:
    """About what a folder's weights will take in memory, seen from its files; raises BadModel."""
    gguf = find_gguf(folder)
    if gguf is not None:
        held = GgufFile(gguf).values * 2
    else:  # the stored form is the one held
        held = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    return 2 * held if form == "f32" else held


def load_decoder(
    folder: Path, *, context_tokens: int, form: Form | None = None, device: Device = "auto"
) -> Decoder:
    """The folder's decoder for positions up to `context_tokens`.

    Raises BadModel, OutOfMemory, or BadRequest for a device or form that is not there.
    """
    gpu = choose_gpu(device)
    form = form or (kept_form(folder) if gpu is None else None) or default_form(device)
    unpack_gguf(folder)
    config = parse_decoder(ConfigFile(folder))
    context = min(config.max_positions, context_tokens)
    weights = open_weights(folder)
    if gpu is not None:
        return _on_card(config, weights, gpu, context=context, form=form)
    if form == "f32":
        return NumpyDecoder(config, weights, max_positions=context)
    if not find_spec("llvmlite"):
        raise BadRequest(f"Weights as {form} need llvmlite: pip install volano[ml].")
    # Imported here: NumPy alone must do where llvmlite is not installed.
    from volano.ml.cpu.decoder import CpuDecoder  # noqa: PLC0415

    return CpuDecoder(config, weights, max_positions=context, form=form, folder=folder)


def card_memory(device: Device) -> Memory | None:
    """What is free on the card, and in all; None where the processor computes."""
    gpu = choose_gpu(device)
    if gpu is None:
        return None
    from volano.ml.gpu.device import card  # noqa: PLC0415 - it imports torch

    return card(gpu).memory()


def quantise(folder: Path, form: Form) -> Path:
    """Pack a model's weights as `form` and keep them in its folder for quick loads; the file.

    May be repeated. Raises BadModel, OutOfMemory, or OSError when the disk is full.
    """
    if form == "f32":
        raise BadRequest("Weights can be kept as bf16, int8 or int4.")
    decoder = load_decoder(folder, context_tokens=1, form=form, device="cpu")
    # Imported here for the same reason.
    from volano.ml.cpu.packed_file import write_packed  # noqa: PLC0415

    assert isinstance(decoder.arena, np.ndarray), "packed weights are one stretch of memory"
    return write_packed(folder, form, decoder.arena)


def _on_card(
    config: DecoderConfig, weights: Tensors, gpu: GpuKind, *, context: int, form: Form
) -> Decoder:
    if form not in ("bf16", "f32"):
        raise BadRequest(f"A card holds weights as bf16 (or f32, to compare), not as {form}.")
    # Imported here, in this order: torch only when a card was chosen, kernels only after it.
    from volano.ml.gpu.device import card  # noqa: PLC0415

    chosen = card(gpu)
    from volano.ml.gpu.decoder import GpuDecoder  # noqa: PLC0415

    return GpuDecoder(config, weights, chosen, max_positions=context, exact=form == "f32")
