"""Which file reads which `model_type`; a new decoder family is one more module in this list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.errors import BadModel
from volano.ml.models import gemma, llama, qwen

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.ml.models.configs import ConfigFile
    from volano.ml.models.decoder import DecoderConfig

_PARSERS: dict[str, Callable[[ConfigFile], DecoderConfig]] = {
    model_type: family.parse_config
    for family in (qwen, llama, gemma)
    for model_type in family.MODEL_TYPES
}
DECODER_FAMILIES = tuple(sorted(_PARSERS))


def parse_decoder(file: ConfigFile) -> DecoderConfig:
    """The model's shape; raises BadModel when its family is not built."""
    parse = _PARSERS.get(file.family())
    if parse is None:
        raise BadModel(
            f"Models of type {file.family()!r} cannot generate here; supported: "
            f"{', '.join(DECODER_FAMILIES)}."
        )
    return parse(file)
