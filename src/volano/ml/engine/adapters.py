"""LoRA adapters beside one model: read from PEFT's files, held in the model's slots.

A request names its adapter; many adapters share one step. An adapter in use is never put out.
Format: PEFT's `adapter_config.json` and `adapter_model.safetensors`.
"""

from __future__ import annotations

import itertools
import math
import re
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.errors import BadModel, QueueFull
from volano.ml.models.batch import ADAPTER_SLOTS, Adapter
from volano.ml.models.configs import load_json
from volano.ml.models.weights import Weights

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Decoder

# Loaded adapters kept beside those in slots.
ADAPTERS_MAX = 64
WEIGHTS_FILE = "adapter_model.safetensors"
RANK_MAX = 512
_NAME = re.compile(r"(?:.*\.)?layers\.(\d+)\.(?:self_attn|mlp)\.(\w+_proj)\.lora_(A|B)\.weight")


class AdapterSlots:
    """Which adapter is in which slot of a model; belongs to the thread that computes."""

    def __init__(self, model: Decoder) -> None:
        self._model = model
        self._slots: OrderedDict[Adapter, int] = OrderedDict()  # least recently used first
        self._users = [0] * ADAPTER_SLOTS

    def hold(self, adapter: Adapter) -> int:
        """The adapter's slot, kept until `let_go`; raises BadModel, or QueueFull without a slot."""
        slot = self._slots.pop(adapter, None)
        if slot is None:
            slot = self._free_slot()
            self._model.set_adapter(slot, adapter)
        self._slots[adapter] = slot
        self._users[slot] += 1
        return slot

    def let_go(self, slot: int) -> None:
        """A sequence that held the slot is gone."""
        self._users[slot] -= 1
        assert self._users[slot] >= 0

    def _free_slot(self) -> int:
        if len(self._slots) < ADAPTER_SLOTS:
            return min(set(range(ADAPTER_SLOTS)) - set(self._slots.values()))
        for adapter, slot in self._slots.items():
            if not self._users[slot]:
                del self._slots[adapter]
                return slot
        raise QueueFull(f"{ADAPTER_SLOTS} adapters of this model are in use. Try again later.")


class AdapterFiles:
    """Adapters as read from their folders, the least recently used forgotten; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: OrderedDict[str, tuple[Adapter, str]] = OrderedDict()
        self._numbers = itertools.count(1)

    def load(self, source: str) -> tuple[Adapter, str]:
        """The adapter in a folder and a key that no other reading of it has; raises BadModel."""
        with self._lock:
            found = self._loaded.pop(source, None)
            if found is None:
                found = (load_adapter(Path(source)), f"{next(self._numbers)}:{source}")
            self._loaded[source] = found
            if len(self._loaded) > ADAPTERS_MAX:
                self._loaded.popitem(last=False)
            return found


def load_adapter(folder: Path) -> Adapter:
    """Read an adapter's folder; raises BadModel for what is not a plain LoRA."""
    config = load_json(folder / "adapter_config.json")
    if config.get("peft_type") != "LORA":
        raise BadModel(f"{folder.name} is not a LoRA adapter: adapter_config.json does not say so.")
    for key in ("use_dora", "modules_to_save", "rank_pattern", "alpha_pattern", "lora_bias"):
        if config.get(key):
            raise BadModel(f"adapter_config.json: {key} is not supported.")
    if config.get("bias", "none") != "none":
        raise BadModel("adapter_config.json: only bias 'none' is supported.")
    scale = _scale(config)
    weights = Weights(folder, single=WEIGHTS_FILE)
    downs: dict[tuple[int, str], Floats] = {}
    ups: dict[tuple[int, str], Floats] = {}
    for name in sorted(weights.names()):
        found = _NAME.fullmatch(name)
        if found is None:
            raise BadModel(f"The adapter changes {name!r}, which is not supported.")
        into = downs if found[3] == "A" else ups
        into[int(found[1]), found[2]] = weights.tensor(name, weights.shape(name))
    if downs.keys() != ups.keys() or not downs:
        raise BadModel("The adapter's file lacks half of a pair lora_A and lora_B.")
    deltas = {key: (downs[key], ups[key] * scale) for key in downs}
    for (layer, name), (down, up) in deltas.items():
        if down.ndim != 2 or up.ndim != 2 or len(down) != up.shape[1] or len(down) > RANK_MAX:
            raise BadModel(f"The adapter's shapes for {name} of layer {layer} do not fit.")
    return Adapter(deltas=deltas)


def _scale(config: dict[str, object]) -> np.float32:
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or not isinstance(alpha, (int, float)) or rank <= 0:
        raise BadModel("adapter_config.json needs r and lora_alpha.")
    return np.float32(alpha / (math.sqrt(rank) if config.get("use_rslora") else rank))
