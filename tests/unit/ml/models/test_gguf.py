"""GGUF files: block formats against the `gguf` package, and a whole model against its safetensors."""

from __future__ import annotations

import json
import shutil
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.unit.ml.random_models import BLOCK_SIZE, make_batch

from volano.ml.engine.generator import Generator
from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.errors import BadModel
from volano.ml.layers.rope import RotarySpec
from volano.ml.load import load_decoder, open_weights, weight_bytes
from volano.ml.models.configs import ConfigFile
from volano.ml.models.gguf import GgufFile
from volano.ml.models.gguf_blocks import TYPES, dequantise
from volano.ml.models.gguf_import import gguf_config, unpack_gguf
from volano.ml.models.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Every sixth of the values that gguf 0.19's own code reads from the blocks of `random_blocks`.
RECORDED = {
    "F32": [0.02374, 0.00878, 0.02659, 0.00883, 0.02514, 0.01546],
    "F16": [1.24902, 1.0332, 1.2373, 1.00586, 1.09961, 1.08008],
    "Q4_0": [0.31659, 0.75836, -0.76807, 0.66736, 0.31842, -0.72162],
    "Q4_1": [0.43201, 0.51929, 1.13037, 0.30371, 1.242, 1.57697],
    "Q5_0": [-1.20178, 0.0, -0.20813, -0.19067, -0.94971, -1.12793],
    "Q5_1": [2.25464, 2.15356, 1.41119, 2.39966, 2.04779, 2.85938],
    "Q8_0": [5.64941, -8.88501, 9.98773, -1.474, 1.78778, 9.50452],
    "Q2_K": [-0.08636, -0.43915, 0.63281, 0.0896, 2.03381, -0.20544],
    "Q3_K": [-6.36383, 3.07251, -2.35138, -7.36523, -2.15918, 4.24316],
    "Q4_K": [1.16162, 29.17126, 32.75793, 66.77148, -3.65259, 33.55365],
    "Q5_K": [123.16241, 1.98511, 92.39337, 69.05243, 14.94977, -0.5036],
    "Q6_K": [243.95471, 97.21252, -76.4599, 24.7934, 181.83252, -34.89771],
    "IQ4_NL": [2.52991, -7.93323, 11.95935, -3.46283, -3.5675, 0.10236],
    "IQ4_XS": [10.08008, -26.67682, 8.63165, 41.69141, -64.40735, 209.27277],
    "BF16": [0.01978, 0.00879, 0.01532, 0.01349, 0.0188, 0.00964],
}
# Where a block's float16 scales end, so that random bytes are finite numbers.
SCALES = {
    "Q4_0": [1],
    "Q4_1": [1, 3],
    "Q5_0": [1],
    "Q5_1": [1, 3],
    "Q8_0": [1],
    "Q2_K": [81, 83],
    "Q3_K": [109],
    "Q4_K": [1, 3],
    "Q5_K": [1, 3],
    "Q6_K": [209],
    "IQ4_NL": [1],
    "IQ4_XS": [1],
}
QWEN3 = {
    "general.architecture": "qwen3",
    "qwen3.block_count": 4,
    "qwen3.context_length": 2048,
    "qwen3.embedding_length": 128,
    "qwen3.feed_forward_length": 512,
    "qwen3.attention.head_count": 4,
    "qwen3.attention.head_count_kv": 2,
    "qwen3.attention.key_length": 32,
    "qwen3.attention.layer_norm_rms_epsilon": 1e-6,
    "qwen3.rope.freq_base": 1e6,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "qwen2",
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.chat_template": "{{ messages }}",
}
NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "model.layers": "blk",
}


def random_blocks(number: int) -> np.ndarray:
    name, _, size = TYPES[number]
    raw = np.random.default_rng(number).integers(0, 256, (6, size), dtype=np.uint8)
    for place in SCALES.get(name, []):
        raw[:, place] = 0x2E
    if name in ("F32", "F16", "BF16"):
        raw[:, -1] = 0x3C
    return raw


@pytest.mark.parametrize("number", TYPES)
def test_blocks_are_read_as_ggml_reads_them(number: int):
    values = dequantise(TYPES[number][0], random_blocks(number)).reshape(-1)
    found = values[:: max(1, values.size // 6)][:6]
    assert found == pytest.approx(RECORDED[TYPES[number][0]], abs=1e-5)


def write_gguf(
    path: Path, metadata: Mapping[str, object], tensors: Mapping[str, np.ndarray]
) -> None:
    """Version 3; bfloat16 bits for 2-D tensors (uint16), float32 for the others."""
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    for key, value in metadata.items():
        head += [text(key), *typed(value)]
    data = b""
    for name, tensor in tensors.items():
        data += b"\0" * (-len(data) % 32)
        shape = tensor.shape[::-1]
        kind = 30 if tensor.dtype == np.uint16 else 0
        head += [text(name), struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(data))]
        data += tensor.tobytes()
    start = b"".join(head)
    path.write_bytes(start + b"\0" * (-len(start) % 32) + data)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def typed(value: object) -> list[bytes]:
    if isinstance(value, str):
        return [struct.pack("<I", 8), text(value)]
    if isinstance(value, int):
        return [struct.pack("<Ii", 5, value)]
    if isinstance(value, float):
        return [struct.pack("<If", 6, value)]
    assert isinstance(value, list)
    items = [typed(each) for each in value]
    return [struct.pack("<I", 9), items[0][0][:4], struct.pack("<Q", len(value)), *tails(items)]


def tails(items: list[list[bytes]]) -> list[bytes]:
    return [b"".join(each)[4:] for each in items]


def write_model(source: Path, folder: Path) -> None:
    """The tiny model as a converter would write it."""
    folder.mkdir()
    weights = Weights(source)
    tensors = {}
    header = (source / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", header[:8])
    for name, entry in json.loads(header[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        own = name
        for theirs, ours in NAMES.items():
            own = own.replace(theirs, ours)
        shape = tuple(entry["shape"])
        read = weights.stored if len(shape) == 2 else weights.tensor
        tensors[own] = np.array(read(name, shape))
    model = json.loads((source / "tokenizer.json").read_text())["model"]
    words = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(pair) for pair in model["merges"]]
    lists = {
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.token_type": [3 if index < 3 else 1 for index in range(len(words))],
    }
    write_gguf(folder / "model.gguf", QWEN3 | lists, tensors)


@pytest.fixture(scope="module")
def gguf_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gguf") / "model"
    write_model(tiny_folder, folder)
    return folder


def test_a_model_gives_the_logits_of_its_safetensors(tiny_folder: Path, gguf_folder: Path):
    found = []
    for folder in (tiny_folder, gguf_folder):
        decoder = load_decoder(folder, context_tokens=128, form="bf16")
        cache = decoder.new_cache(blocks=12, block_size=BLOCK_SIZE)
        found.append(decoder.forward(make_batch([(0, 40)]), cache).copy())
    assert np.array_equal(found[0], found[1])


def test_a_folder_of_one_gguf_file_is_all_that_the_engine_needs(tiny_folder: Path, tmp_path: Path):
    write_model(tiny_folder, tmp_path / "m")
    whole = weight_bytes(tiny_folder, "bf16")
    assert weight_bytes(tmp_path / "m", "bf16") == pytest.approx(whole, rel=0.01)
    generator = Generator(tmp_path / "m", kv_bytes=2**22)
    assert generator.tokenizer.settings["eos_token"] == "<|im_end|>"


def test_tokenizer_and_settings_come_from_the_metadata(tiny_folder: Path, gguf_folder: Path):
    unpack_gguf(gguf_folder)
    ours, theirs = Tokenizer(gguf_folder), Tokenizer(tiny_folder)
    for line in ("The shop is open on 12 days.", "<|im_start|>user\nHello<|im_end|>", "naïve 中文"):
        ids = ours.encode(line, add_special=False)
        assert b"".join(map(ours.token_bytes, ids)).decode() == line.replace(
            "<|im_start|>", ""
        ).replace("<|im_end|>", "")
        if "12" not in line:
            assert ids == theirs.encode(line, add_special=False)
    assert ours.settings["eos_token"] == "<|im_end|>"
    assert ours.settings["chat_template"] == "{{ messages }}"


def test_llamas_rotation_and_gemmas_norms_are_turned_back(tmp_path: Path):
    q = np.random.default_rng(0).standard_normal((8, 5)).astype(np.float32)
    # As the converter does: halves of each head become pairs of neighbours.
    permuted = np.ascontiguousarray(q.reshape(2, 2, 2, 5).swapaxes(1, 2).reshape(8, 5))
    metadata = {"general.architecture": "llama", "llama.attention.head_count": 2}
    factors = np.array([1.0, 2.0], dtype=np.float32)
    tensors = {"blk.0.attn_q.weight": permuted, "rope_freqs.weight": factors}
    write_gguf(tmp_path / "l.gguf", metadata, tensors)
    file = GgufFile(tmp_path / "l.gguf")
    assert np.array_equal(file.tensor("model.layers.0.self_attn.q_proj.weight", (8, 5)), q)
    rotary = ConfigFile.of(gguf_config(file)).rotary()
    assert rotary == RotarySpec(theta=10_000.0, divisors=(1.0, 2.0))
    assert rotary.frequencies(4) == pytest.approx([1.0, 0.005])
    norm = {"blk.0.post_ffw_norm.weight": np.full(3, 1.5, dtype=np.float32)}
    write_gguf(tmp_path / "g.gguf", {"general.architecture": "gemma3"}, norm)
    name = "model.layers.0.post_feedforward_layernorm.weight"
    assert GgufFile(tmp_path / "g.gguf").tensor(name, (3,)).tolist() == [0.5] * 3


def test_experts_are_parts_of_one_tensor(tmp_path: Path):
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    metadata = {"general.architecture": "qwen3moe"}
    write_gguf(tmp_path / "m.gguf", metadata, {"blk.1.ffn_up_exps.weight": values})
    file = GgufFile(tmp_path / "m.gguf")
    second = file.tensor("model.layers.1.mlp.experts.1.up_proj.weight", (3, 4))
    assert np.array_equal(second, values[1])


def test_damaged_and_unknown_files_are_refused(gguf_folder: Path, tmp_path: Path):
    whole = (gguf_folder / "model.gguf").read_bytes()
    path = tmp_path / "model.gguf"
    for content, message in (
        (b"", "cut short"),
        (whole[:200], "cut short"),
        (whole[:-5000], "outside the file"),
        (b"GGML" + whole[4:], "not a GGUF file"),
        (b"GGUF" + struct.pack("<I", 9) + whole[8:], "version 9"),
        (b"GGUF" + struct.pack("<IQ", 3, 2**60) + whole[16:], "damaged"),
    ):
        path.write_bytes(content)
        with pytest.raises(BadModel, match=message):
            open_weights(tmp_path)
    write_gguf(path, {"general.architecture": "mamba"}, {})
    with pytest.raises(BadModel, match="'mamba'"):
        unpack_gguf(tmp_path)
    shutil.copy(path, tmp_path / "other.gguf")
    with pytest.raises(BadModel, match=r"model\.gguf, other\.gguf"):
        unpack_gguf(tmp_path)
