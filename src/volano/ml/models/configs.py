"""Read a model folder's JSON files, checking types, since they come from outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.ml.errors import BadModel

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

    def rope_theta(self) -> float:
        """The rotary base, from the old flat key or the newer `rope_parameters`."""
        parameters = self._values.get("rope_parameters") or self._values.get("rope_scaling") or {}
        if not isinstance(parameters, dict):
            raise BadModel("config.json: rope_parameters must be an object.")
        kind = parameters.get("rope_type", parameters.get("type", "default"))
        if kind != "default":
            raise BadModel(f"config.json: rotary scaling of type {kind!r} is not supported.")
        theta = parameters.get("rope_theta", self._values.get("rope_theta", 10_000.0))
        if not isinstance(theta, (int, float)) or theta <= 0:
            raise BadModel(f"config.json: rope_theta must be a positive number, not {theta!r}.")
        return float(theta)
