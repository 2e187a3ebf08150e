from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.errors import BadModel
from volano.ml.models.weights import INDEX_FILE, SINGLE_FILE, Weights, write_safetensors

if TYPE_CHECKING:
    from pathlib import Path


def write_raw(path: Path, header: dict[str, object], data: bytes) -> None:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def entry(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_bfloat16_keeps_eight_bits_rounded_to_nearest_even(tmp_path: Path):
    values = np.array([1.0, -2.5, 3.14159, 1 + 2**-8, 1 + 3 * 2**-8, 1e30], dtype=np.float32)
    write_safetensors(tmp_path / SINGLE_FILE, {"a": values}, {})
    got = Weights(tmp_path).tensor("a", (6,))
    assert list(got[:2]) == [1.0, -2.5]
    assert list(got[3:5]) == [1.0, 1 + 2**-6]
    assert np.max(np.abs(got / values - 1)) <= 2**-8


@pytest.mark.parametrize(("dtype", "numpy"), [("F64", "<f8"), ("F32", "<f4"), ("F16", "<f2")])
def test_the_other_floats_are_read_as_float32(tmp_path: Path, dtype: str, numpy: str):
    data = np.array([[1.5, -2.0]], dtype=numpy).tobytes()
    write_raw(tmp_path / SINGLE_FILE, {"a": entry(dtype, [1, 2], 0, len(data))}, data)
    got = Weights(tmp_path).tensor("a", (1, 2))
    assert got.dtype == np.float32
    assert got.tolist() == [[1.5, -2.0]]


def test_shards_are_found_through_their_index(tmp_path: Path):
    for number in (1, 2):
        tensor = np.full(2, number, dtype=np.float32)
        write_safetensors(tmp_path / f"m-{number}.safetensors", {f"t{number}": tensor}, {})
    index = {"weight_map": {"t1": "m-1.safetensors", "t2": "m-2.safetensors"}}
    (tmp_path / INDEX_FILE).write_text(json.dumps(index))
    weights = Weights(tmp_path)
    assert weights.names() == {"t1", "t2"}
    assert weights.tensor("t2", (2,)).tolist() == [2, 2]


def test_an_index_cannot_name_files_elsewhere(tmp_path: Path):
    (tmp_path / INDEX_FILE).write_text(json.dumps({"weight_map": {"a": "../secret.safetensors"}}))
    with pytest.raises(BadModel, match="outside"):
        Weights(tmp_path)


def test_missing_files_and_tensors_are_named(tmp_path: Path):
    with pytest.raises(BadModel, match=r"model\.safetensors"):
        Weights(tmp_path)
    write_safetensors(tmp_path / SINGLE_FILE, {"a": np.zeros(2, dtype=np.float32)}, {})
    weights = Weights(tmp_path)
    with pytest.raises(BadModel, match="'b'"):
        weights.tensor("b", (2,))
    with pytest.raises(BadModel, match=r"shape \[2\], not \[3\]"):
        weights.tensor("a", (3,))


@pytest.mark.parametrize(
    "bad",
    [
        entry("F32", [2], 0, 800),
        entry("F32", [2], -8, 0),
        entry("F32", [3], 0, 8),
        entry("F32", [2], 8, 0),
    ],
)
def test_a_tensor_outside_its_file_is_refused(tmp_path: Path, bad: dict[str, object]):
    write_raw(tmp_path / SINGLE_FILE, {"a": bad}, b"\0" * 8)
    with pytest.raises(BadModel, match="outside the file"):
        Weights(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, struct.pack("<Q", 4) + b"nope"])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / SINGLE_FILE).write_bytes(content)
    with pytest.raises(BadModel, match="safetensors file"):
        Weights(tmp_path)
