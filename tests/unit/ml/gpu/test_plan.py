"""How the GPU device divides its work and its memory; needs neither torch nor a card."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from volano.ml.errors import BadRequest
from volano.ml.gpu.choice import choose_gpu
from volano.ml.gpu.plan import (
    BUCKETS,
    SPLITS_MAX,
    Memory,
    bucket_of,
    cache_bytes,
    spare_bytes,
    splits_of,
    tile_rows,
)
from volano.ml.load import card_memory, load_decoder

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1024**3


def test_a_bucket_holds_its_rows_and_the_one_before_does_not():
    for rows in range(1, BUCKETS[-1] + 1):
        bucket = bucket_of(rows)
        assert bucket is not None
        assert bucket >= rows
        assert all(other < rows for other in BUCKETS if other < bucket)
    assert bucket_of(BUCKETS[-1] + 1) is None


@pytest.mark.parametrize("processors", [2, 108, 132])
@pytest.mark.parametrize("kv_heads", [1, 2, 8, 32])
def test_a_context_is_cut_to_keep_processors_busy_but_not_into_crumbs(kv_heads, processors):
    for tiles in (1, 7, 32, 256):
        for blocks in (1, 3, 4, 64, 2048):
            splits = splits_of(tiles, kv_heads, processors=processors, blocks=blocks)
            assert splits & (splits - 1) == 0
            assert 1 <= splits <= SPLITS_MAX
            assert splits == 1 or blocks // splits >= 4
            assert splits == 1 or tiles * kv_heads * splits <= 4 * processors


def test_one_sequence_is_cut_and_many_are_not():
    assert splits_of(1, 8, processors=132, blocks=2048) == 64
    assert splits_of(256, 8, processors=132, blocks=2048) == 1


def test_a_tile_has_whole_rows():
    assert tile_rows(4, decoding=True) == 1
    assert tile_rows(4, decoding=False) == 32
    assert tile_rows(200, decoding=False) == 1


def test_a_cache_takes_half_of_what_is_left_beside_a_reserve():
    memory = Memory(free=100 * GIB, total=139 * GIB)
    assert spare_bytes(memory.total) == 3 * GIB
    assert cache_bytes(memory) == (100 - 3) * GIB // 2
    assert cache_bytes(memory, limit=GIB) == GIB
    assert cache_bytes(memory, limit=200 * GIB) == 97 * GIB
    assert cache_bytes(Memory(free=GIB, total=139 * GIB)) == 0


def test_a_small_card_keeps_less_aside():
    assert spare_bytes(8 * GIB) < GIB


def test_auto_takes_the_processor_where_there_is_no_driver_or_no_torch(tmp_path: Path):
    assert choose_gpu("cpu") is None
    assert choose_gpu("auto", driver=tmp_path / "none") is None
    assert card_memory("cpu") is None


def test_a_card_that_is_asked_for_without_torch_says_what_to_install():
    program = (
        "import importlib.util as u; from volano.ml.gpu import choice;"
        "choice.find_spec = lambda name: None;\n"
        "try: choice.choose_gpu('cuda')\n"
        "except Exception as error: print(type(error).__name__, error.message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert "BadRequest" in done.stdout
    assert "torch and triton: pip install volano[gpu]" in done.stdout


def test_nothing_of_torch_is_imported_to_load_a_model_on_the_processor(tiny_folder: Path):
    program = (
        "import sys; from pathlib import Path; from volano.ml.load import load_decoder;"
        f"load_decoder(Path({str(tiny_folder)!r}), context_tokens=16, device='cpu');"
        "print('torch' in sys.modules, 'volano.ml.gpu.device' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_a_card_holds_no_quantised_weights(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("volano.ml.load.choose_gpu", lambda device: "interpreter")
    with pytest.raises(BadRequest, match="holds weights as bf16"):
        load_decoder(tiny_folder, context_tokens=16, form="int8", device="cuda")
