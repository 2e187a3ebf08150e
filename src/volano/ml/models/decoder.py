"""The shape that every decoder family is described by, and the names of its tensors.

A family's file only turns its config.json into a `DecoderConfig`; what computes (NumPy here, the
CPU's compiled kernels, a GPU) reads nothing else. Names follow Hugging Face's checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from volano.ml.errors import BadModel

if TYPE_CHECKING:
    from volano.ml.layers.rope import RotarySpec
    from volano.ml.models.configs import ConfigFile

Activation = Literal["silu", "gelu_tanh"]
# Where checkpoints put their decoder: alone, or beside an image encoder.
PREFIXES = ("model.", "", "language_model.model.", "model.language_model.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerConfig:
    """What may differ between layers: the attention window (0: all), rotary table and experts."""

    window: int = 0
    rotary: int = 0
    sparse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderConfig:
    """The shape of a decoder.

    `norm_offset` is added to every norm's weight; `sandwich` means norms after attention and MLP
    too; softcaps of 0 are absent. `kinds` holds one entry a layer.
    """

    family: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    max_positions: int
    tied: bool
    rotaries: tuple[RotarySpec, ...]
    kinds: tuple[LayerConfig, ...]
    qkv_bias: bool = False
    out_bias: bool = False
    qk_norm: bool = False
    norm_offset: float = 0.0
    sandwich: bool = False
    embed_scale: float = 1.0
    query_scale: float = 0.0
    attention_softcap: float = 0.0
    logit_softcap: float = 0.0
    activation: Activation = "silu"
    experts: int = 0
    experts_per_token: int = 0
    expert_size: int = 0
    normalise_experts: bool = True

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(self.kinds)

    @property
    def q_size(self) -> int:
        """Width of all query heads."""
        return self.heads * self.head_dim

    @property
    def kv_size(self) -> int:
        """Width of all key heads."""
        return self.kv_heads * self.head_dim


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A matrix as it is multiplied: stored parts stacked by rows. `parts` are (name, rows).

    `halved` says that the two parts' results are multiplied with each other.
    """

    parts: tuple[tuple[str, int], ...]
    inner: int
    bias: bool = False
    halved: bool = False

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(rows for _, rows in self.parts)


def attention_linears(config: DecoderConfig, prefix: str) -> tuple[Linear, Linear]:
    """q, k and v as one matrix, and the output projection."""
    at = f"{prefix}self_attn."
    sizes = (("q_proj", config.q_size), ("k_proj", config.kv_size), ("v_proj", config.kv_size))
    qkv = tuple((f"{at}{name}", rows) for name, rows in sizes)
    out = ((f"{at}o_proj", config.hidden_size),)
    return (
        Linear(parts=qkv, inner=config.hidden_size, bias=config.qkv_bias),
        Linear(parts=out, inner=config.q_size, bias=config.out_bias),
    )


def mlp_linears(prefix: str, *, hidden: int, inner: int) -> tuple[Linear, Linear]:
    """gate and up as one matrix, and down."""
    gate_up = ((f"{prefix}gate_proj", inner), (f"{prefix}up_proj", inner))
    down = ((f"{prefix}down_proj", hidden),)
    return Linear(parts=gate_up, inner=hidden, halved=True), Linear(parts=down, inner=inner)


def norm_names(config: DecoderConfig) -> dict[str, str]:
    """Stored names of a layer's norms by what they do."""
    if not config.sandwich:
        return {"attention": "input_layernorm", "mlp": "post_attention_layernorm"}
    return {
        "attention": "input_layernorm",
        "attention_out": "post_attention_layernorm",
        "mlp": "pre_feedforward_layernorm",
        "mlp_out": "post_feedforward_layernorm",
    }


def find_prefix(names: set[str]) -> str:
    """What comes before `embed_tokens` in a checkpoint's names; raises BadModel."""
    for prefix in PREFIXES:
        if f"{prefix}embed_tokens.weight" in names:
            return prefix
    raise BadModel("The model's weights lack the tensor 'model.embed_tokens.weight'.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonShape:
    """The keys of config.json that every family has."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    max_positions: int
    tied: bool


def parse_common(file: ConfigFile, *, tied: bool = False) -> CommonShape:
    """Read the common keys; `tied` is the family's default. Raises BadModel."""
    hidden, heads = file.integer("hidden_size"), file.integer("num_attention_heads")
    kv_heads = file.integer("num_key_value_heads", heads)
    if heads % kv_heads:
        raise BadModel(f"num_attention_heads {heads} is not a multiple of {kv_heads} kv heads.")
    return CommonShape(
        vocab_size=file.integer("vocab_size"),
        hidden_size=hidden,
        intermediate_size=file.integer("intermediate_size"),
        layers=file.integer("num_hidden_layers"),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=file.integer("head_dim", hidden // heads),
        eps=file.number("rms_norm_eps", 1e-6),
        max_positions=file.integer("max_position_embeddings"),
        tied=file.boolean("tie_word_embeddings", default=tied),
    )
