from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from volano.ml.engine.generator import Generator
from volano.ml.errors import BadModel
from volano.ml.models.configs import ConfigFile
from volano.ml.models.tiny import make_tiny_model

if TYPE_CHECKING:
    from pathlib import Path


def config(folder: Path, **values: object) -> ConfigFile:
    (folder / "config.json").write_text(json.dumps(values))
    return ConfigFile(folder)


def test_rope_theta_is_found_in_both_places(tmp_path: Path):
    assert config(tmp_path, rope_theta=5e5).rotary().theta == 5e5
    newer = {"rope_type": "default", "rope_theta": 1e6}
    assert config(tmp_path, rope_parameters=newer).rotary().theta == 1e6
    assert config(tmp_path).rotary().theta == 10_000


def test_rotary_scaling_is_refused_by_name(tmp_path: Path):
    with pytest.raises(BadModel, match="'yarn'"):
        config(tmp_path, rope_scaling={"type": "yarn"}).rotary()


@pytest.mark.parametrize("value", [0, -1, True, "12", None, 1.5])
def test_a_size_is_a_positive_whole_number(tmp_path: Path, value: object):
    with pytest.raises(BadModel, match="hidden_size"):
        config(tmp_path, hidden_size=value).integer("hidden_size")


@pytest.mark.parametrize("content", ["[]", "{", "\xff"])
def test_a_config_that_is_no_json_object_is_refused(tmp_path: Path, content: str):
    (tmp_path / "config.json").write_text(content, encoding="latin-1")
    with pytest.raises(BadModel, match=r"config\.json"):
        ConfigFile(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "mamba"}, "'mamba'"),
        ({"attention_bias": True}, "attention_bias"),
        ({"use_sliding_window": True}, "sliding window"),
        ({"num_key_value_heads": 3}, "kv heads"),
        ({"hidden_size": 64}, "shape"),
        ({"num_hidden_layers": 5}, "lack the tensor"),
    ],
)
def test_a_model_that_cannot_be_served_says_why(
    tmp_path: Path, change: dict[str, object], message: str
):
    make_tiny_model(tmp_path / "m")
    path = tmp_path / "m" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadModel, match=message):
        Generator(tmp_path / "m")
