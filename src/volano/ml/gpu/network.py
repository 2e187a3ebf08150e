"""The layers of any decoder family on the card: products by PyTorch, all else by our kernels.

It follows `models.numpy_decoder`; residuals have the weights' own type, as the models were trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import linear as multiply

from volano.ml.gpu.kernels.attention import paged_attention
from volano.ml.gpu.kernels.experts import experts_product, route
from volano.ml.gpu.kernels.rows import activate, add_norm, rotate_store
from volano.ml.layers.attention import Scoring

if TYPE_CHECKING:
    from volano.ml.gpu.adapters import Adapters, Run
    from volano.ml.gpu.cache import GpuCache
    from volano.ml.gpu.inputs import StepInputs
    from volano.ml.gpu.weights import GpuLayer, GpuLinear, GpuWeights
    from volano.ml.models.decoder import DecoderConfig


class Network:
    """From a step's inputs to states or logits; keeps nothing between steps."""

    def __init__(self, config: DecoderConfig, weights: GpuWeights, adapters: Adapters) -> None:
        self._config, self._weights, self._adapters = config, weights, adapters

    def logits(
        self, inputs: StepInputs, cache: GpuCache, runs: tuple[Run, ...] = ()
    ) -> torch.Tensor:
        """Logits (logit rows, vocab) in float32; keys and values go to the cache."""
        states = self.states(inputs, cache, runs)
        head = self._weights.head
        if states.is_cuda and states.dtype != torch.float32:
            # What the product sums in single precision is not rounded: ties would be common.
            logits = torch.mm(states, head.T, out_dtype=torch.float32)
        else:
            logits = multiply(states, head).float()
        cap = self._config.logit_softcap
        return torch.tanh(logits / cap) * cap if cap else logits

    def states(
        self, inputs: StepInputs, cache: GpuCache, runs: tuple[Run, ...] = ()
    ) -> torch.Tensor:
        """The normalised last hidden states of the logit rows (logit rows, hidden)."""
        config, weights = self._config, self._weights
        hidden = weights.embed[inputs.token_ids]
        if config.embed_scale != 1:
            hidden = hidden * config.embed_scale
        change: torch.Tensor | None = None
        change_weight: torch.Tensor | None = None
        for index, layer in enumerate(weights.layers):
            step = _LayerStep(self, index, layer, inputs, cache, runs)
            x = add_norm(
                hidden,
                layer.norms["attention"],
                config.eps,
                change=change,
                change_weight=change_weight,
            )
            x = add_norm(
                hidden,
                layer.norms["mlp"],
                config.eps,
                change=step.attention(x),
                change_weight=layer.norms.get("attention_out"),
            )
            change, change_weight = step.mlp(x), layer.norms.get("mlp_out")
        x = add_norm(hidden, weights.norm, config.eps, change=change, change_weight=change_weight)
        return x[inputs.logit_rows]

    def apply(
        self, index: int, linear: GpuLinear, x: torch.Tensor, runs: tuple[Run, ...]
    ) -> torch.Tensor:
        """A linear of a layer with the adapters' changes."""
        y = multiply(x, linear.weight, linear.bias)
        self._adapters.add(index, linear, x, y, runs)
        return y

    def rotary(self, layer: GpuLayer) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines of a layer's kind."""
        return self._weights.rotaries[layer.kind.rotary]

    def scoring(self, layer: GpuLayer) -> Scoring:
        """How a layer scores keys."""
        config = self._config
        return Scoring(
            scale=config.query_scale or config.head_dim**-0.5,
            softcap=config.attention_softcap,
            window=layer.kind.window,
        )

    @property
    def config(self) -> DecoderConfig:
        """The model's shape."""
        return self._config


class _LayerStep:
    """One layer over one step."""

    def __init__(
        self,
        network: Network,
        index: int,
        layer: GpuLayer,
        inputs: StepInputs,
        cache: GpuCache,
        runs: tuple[Run, ...],
    ) -> None:
        self._network, self._index, self._layer = network, index, layer
        self._inputs, self._cache, self._runs = inputs, cache, runs

    def attention(self, x: torch.Tensor) -> torch.Tensor:
        layer, inputs, network = self._layer, self._inputs, self._network
        qkv = network.apply(self._index, layer.qkv, x, self._runs)
        norms = (layer.norms["q"], layer.norms["k"]) if network.config.qk_norm else None
        rotate_store(
            qkv,
            norms,
            network.rotary(layer),
            self._cache,
            self._index,
            positions=inputs.positions,
            slots=inputs.slots,
        )
        mixed = paged_attention(
            qkv,
            self._cache,
            self._index,
            network.scoring(layer),
            items=inputs.items,
            tables=inputs.tables,
            tile_rows=inputs.sizes.tile_rows,
            splits=inputs.sizes.splits,
        )
        return network.apply(self._index, layer.out, mixed, self._runs)

    def mlp(self, x: torch.Tensor) -> torch.Tensor:
        layer, network = self._layer, self._network
        activation = network.config.activation
        if layer.router is None:
            gate_up = network.apply(self._index, layer.gate_up, x, self._runs)
            return network.apply(self._index, layer.down, activate(gate_up, activation), self._runs)
        config = network.config
        where = route(
            multiply(x, layer.router), config.experts_per_token, normalise=config.normalise_experts
        )
        gate_up = experts_product(x, layer.gate_up.weight, where)
        parts = experts_product(activate(gate_up, activation), layer.down.weight, where)
        pairs = parts.view(len(x), config.experts_per_token, -1)
        return (pairs * where.shares[:, :, None].to(pairs.dtype)).sum(dim=1)
