"""Read a model folder's JSON files, checking types, since they come from outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.ml.errors import BadModel
from volano.ml.layers.rope import RotarySpec

if TYPE_CHECKING:
    from pathlib import Path

JSON_BYTES_MAX = 64 * 1024 * 1024


def load_json(path: Path) -> dict[str, object]:
    """The file's object; empty when the file is absent; raises BadModel when damaged."""
    if not path.is_file():
        return {}
    if path.stat().st_size > JSON_BYTES_MAX:
        raise BadModel(f"{path.name} is larger than {JSON_BYTES_MAX} bytes.")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadModel(f"{path.name} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise BadModel(f"{path.name} is not a JSON object.")
    return value


class ConfigFile:
    """config.json with typed access; every getter raises BadModel naming the key."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "config.json").is_file():
            raise BadModel(f"{folder} is not a model folder: it has no config.json.")
        self._values = load_json(folder / "config.json")

    @classmethod
    def of(cls, values: dict[str, object]) -> ConfigFile:
        """The same checks over values found elsewhere, as in a GGUF file."""
        made = cls.__new__(cls)
        made._values = values
        return made

    def family(self) -> str:
        """`model_type`: which file of ml/models reads this model."""
        return str(self._values.get("model_type", ""))

    def integer(self, key: str, default: int | None = None) -> int:
        """A positive whole number."""
        value = self._values.get(key, default)
        if value is None:
            value = default
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise BadModel(f"config.json: {key} must be a positive whole number, not {value!r}.")
        return value

    def number(self, key: str, default: float) -> float:
        """A number above zero."""
        value = self._values.get(key, default)
        if not isinstance(value, (int, float)) or value <= 0:
            raise BadModel(f"config.json: {key} must be a positive number, not {value!r}.")
        return float(value)

    def boolean(self, key: str, *, default: bool) -> bool:
        """True or false; null counts as the default."""
        value = self._values.get(key)
        return default if value is None else bool(value)

    def optional_number(self, key: str, default: float = 0.0) -> float:
        """A number above zero, or 0 where the file says null or 0."""
        if not self._values.get(key, default):
            return 0.0
        return self.number(key, default)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of words; empty when absent."""
        return tuple(map(str, self._list(key)))

    def integers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers; empty when absent."""
        return tuple(value for value in self._list(key) if isinstance(value, int))

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of numbers; empty when absent."""
        return tuple(float(value) for value in self._list(key) if isinstance(value, (int, float)))

    def inside(self, key: str, defaults: dict[str, object] | None = None) -> ConfigFile:
        """The object under `key`, or these values where there is none, over the defaults."""
        value = self._values.get(key)
        found = value if isinstance(value, dict) else self._values
        return ConfigFile.of((defaults or {}) | found)

    def rotary(self, kind: str = "", *, theta: float = 10_000.0, scaled: bool = True) -> RotarySpec:
        """The rotary base and scaling, from the old flat keys or the newer `rope_parameters`.

        `kind` picks among parameters given per kind of layer. Where there are none, `theta` is the
        family's default base and `scaled` says whether the model's one scaling holds for the kind.
        """
        found = self._values.get("rope_parameters") or self._values.get("rope_scaling") or {}
        if not isinstance(found, dict):
            raise BadModel("config.json: rope_parameters must be an object.")
        base = self._values.get("rope_theta") if scaled else None
        if isinstance(found.get(kind), dict):
            found = found[kind]
        elif not scaled:
            found = {}
        parameters = {"rope_theta": base or theta} | found
        return _parse_rotary(ConfigFile.of(parameters), kind=str(_rope_type(found)))

    def _list(self, key: str) -> list[object]:
        value = self._values.get(key) or []
        if not isinstance(value, list):
            raise BadModel(f"config.json: {key} must be a list.")
        return value


def _rope_type(found: dict[str, object]) -> object:
    return found.get("rope_type", found.get("type", "default"))


def _parse_rotary(parameters: ConfigFile, *, kind: str) -> RotarySpec:
    theta = parameters.number("rope_theta", 10_000.0)
    if kind == "default":
        return RotarySpec(theta=theta)
    if kind == "linear":
        return RotarySpec(theta=theta, factor=parameters.number("factor", 1.0))
    if kind == "llama3":
        return RotarySpec(
            theta=theta,
            factor=parameters.number("factor", 1.0),
            low=parameters.number("low_freq_factor", 1.0),
            high=parameters.number("high_freq_factor", 4.0),
            original_positions=parameters.integer("original_max_position_embeddings"),
        )
    if kind == "divisors":
        return RotarySpec(theta=theta, divisors=parameters.numbers("divisors"))
    raise BadModel(f"config.json: rotary scaling of type {kind!r} is not supported.")
