"""Compile every kernel for a card, without one: prints a line for each, fails when one does not.

The launching functions are called on small tensors with the shapes' constants of real models;
what they would launch is compiled for compute capability 9.0 (an H100 or H200) by Triton's own
ptxas instead.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import numpy as np
import torch
import triton
from tests.unit.ml.random_models import QWEN3
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

from volano.ml.gpu.cache import GpuCache
from volano.ml.gpu.device import Card
from volano.ml.gpu.kernels import attention, experts, rows, sampling
from volano.ml.layers.attention import Scoring

TARGET = GPUTarget("cuda", 90, 32)
TYPES = {
    torch.bfloat16: "*bf16", torch.float32: "*fp32", torch.int32: "*i32", torch.int64: "*i64",
    torch.uint8: "*u8",
}  # fmt: skip
OPTIONS = ("num_warps", "num_stages")
TOKENS = 40


def compile_instead(self, *args, grid, warmup, **kwargs):
    values = dict(zip(self.arg_names, args, strict=False)) | kwargs
    options = {name: values.pop(name) for name in OPTIONS if name in values}
    signature, constants = {}, {}
    for parameter in self.params:
        value = values[parameter.name]
        if parameter.is_constexpr:
            signature[parameter.name], constants[parameter.name] = "constexpr", value
        elif isinstance(value, torch.Tensor):
            signature[parameter.name] = TYPES[value.dtype]
        else:
            signature[parameter.name] = "fp32" if isinstance(value, float) else "i32"
    source = ASTSource(fn=self, signature=signature, constexprs=constants)
    made = triton.compile(source, target=TARGET, options=options)
    shared = made.metadata.shared
    assert shared <= 227 * 1024, f"{self.__name__} needs {shared} bytes of shared memory"
    sys.stdout.write(f"{self.__name__}: {len(made.asm['cubin'])} bytes, {shared} shared\n")


def compile_model(config, dtype: torch.dtype) -> None:
    cache = GpuCache(config, CARD, dtype, blocks=4, block_size=16)
    width = (config.heads + 2 * config.kv_heads) * config.head_dim
    qkv = torch.zeros(TOKENS, width, dtype=dtype)
    hidden = torch.zeros(TOKENS, config.hidden_size, dtype=dtype)
    norm = torch.zeros(config.hidden_size, dtype=dtype)
    numbers = torch.zeros(TOKENS, dtype=torch.int32)
    table = torch.zeros(64, config.head_dim // 2)
    rows.add_norm(hidden, norm, 1e-6)
    rows.add_norm(hidden, norm, 1e-6, change=hidden, change_weight=norm)
    rows.activate(torch.zeros(TOKENS, 2 * config.intermediate_size, dtype=dtype), config.activation)
    for norms in (None, (norm, norm)):
        rows.rotate_store(qkv, norms, (table, table), cache, 1, positions=numbers, slots=numbers)
    group = config.heads // config.kv_heads
    scorings = Scoring(scale=0.1), Scoring(scale=0.1, softcap=50.0, window=100)
    for scoring in scorings:
        for tile_rows, splits in ((1, 1), (1, 64), (128 // group, 1), (128 // group, 4)):
            attention.paged_attention(
                qkv, cache, 1, scoring, items=numbers.view(-1, 4), tables=numbers,
                tile_rows=tile_rows, splits=splits,
            )  # fmt: skip


def compile_others() -> None:
    for tokens in (4, 400):
        scores = torch.from_numpy(np.random.default_rng(0).random((tokens, 16), np.float32))
        where = experts.route(scores, 4, normalise=True)
        weight = torch.zeros(16, 96, 128, dtype=torch.bfloat16)
        experts.experts_product(torch.zeros(tokens, 128, dtype=torch.bfloat16), weight, where)
    logits, ints = torch.zeros(TOKENS, 151_936), torch.zeros(TOKENS, dtype=torch.int32)
    sampling.choose(logits, torch.zeros(TOKENS, 4), ints, 151_936)
    sampling.adjust(logits, ints.view(2, -1), torch.zeros(20), torch.zeros(20))
    sampling.mask(logits, ints, torch.zeros(TOKENS, 151_936 // 8, dtype=torch.uint8), 151_936)


class NoCard(Card):
    """Tensors on the processor for kernels that are not run."""

    def __init__(self) -> None:
        super().__init__("interpreter")
        del os.environ["TRITON_INTERPRET"]


JITFunction.run = compile_instead
CARD = NoCard()
QWEN3_8B = replace(
    QWEN3, heads=32, kv_heads=8, head_dim=128, hidden_size=4096, intermediate_size=12_288
)
compile_model(QWEN3_8B, torch.bfloat16)
compile_model(replace(QWEN3_8B, heads=40, kv_heads=8), torch.bfloat16)  # a group of 5
compile_model(
    replace(QWEN3_8B, activation="gelu_tanh", heads=8, kv_heads=4, head_dim=256), torch.bfloat16
)
compile_model(QWEN3_8B, torch.float32)
compile_others()
