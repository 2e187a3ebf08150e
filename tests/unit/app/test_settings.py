"""Settings come from one place each, and a wrong one is named with its source."""

from pathlib import Path

import pytest

from volano.app.settings import BadSetting, load_config, unknown_variables


def load(tmp_path: Path, toml: str | None = None, environ=None, **overrides):
    file = None
    if toml is not None:
        file = tmp_path / "volano.toml"
        file.write_text(toml)
    return load_config(overrides, file=file, environ=environ or {})


def test_the_command_line_wins_over_the_environment_over_the_file(tmp_path):
    toml = 'port = 1001\nzones = 1\nregion = "eu-file-1"\n'
    config = load(tmp_path, toml, {"VOLANO_PORT": "1002", "VOLANO_ZONES": "2"}, port=1003)
    assert (config.port, config.zones, config.region) == (1003, 2, "eu-file-1")


def test_a_variable_of_another_program_is_left_alone(tmp_path):
    assert load(tmp_path, environ={"VOLANO_SOMETHING_ELSE": "x"}).port == 8080


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("prot = 1", "no setting 'prot'"),
        ("port = 'x'", "port = 'x' is not a int"),
        ("port = 70000", "not a port"),
        ("zones = 9", "1 to 6"),
        ("http = 'fast'", "own"),
        ("store = 'mysql://x'", "postgresql"),
        ("port = ", "not valid TOML"),
        ("tls_key = '/k'", "together"),
        ("port = 80.5", "port"),
        ("port = true", "port"),
        ("region = 5", "region"),
        ("region = 'Home'", "eu-home-1"),
        ("data_dir = ''", "data_dir"),
        ("log_level = 'loud'", "debug, info"),
        ("runtime = 'docker'", "crun"),
        ("bytes_url = 'gs://x'", "s3://"),
        ("lifecycle_day_s = 0", "over 0"),
        ("lifecycle_day_s = nan", "lifecycle_day_s"),
        ("price_list = '/nowhere/prices.toml'", "no file"),
        ("tls_key = '/k'\ntls_certificate = '/c'", "no file"),
        ("nats_url = 'nats://h:4222'", "SQLite"),
        ("store = 'postgresql://h'\nnats_url = 'http://h:4222'", "tls://"),
        ("test_mode = true\nlisten = '0.0.0.0'", "loopback"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name(tmp_path, toml, words):
    with pytest.raises(BadSetting) as caught:
        load(tmp_path, toml)
    assert words in caught.value.message


def test_a_config_file_that_is_named_must_exist(tmp_path):
    with pytest.raises(BadSetting, match="does not exist"):
        load_config({}, file=tmp_path / "nowhere.toml", environ={})


def test_lists_and_paths_are_read_from_text(tmp_path):
    config = load(
        tmp_path, environ={"VOLANO_EXTRA_HOSTS": "a.example, b.example", "VOLANO_DATA_DIR": "/d"}
    )
    assert config.extra_hosts == ("a.example", "b.example")
    assert config.data_dir == Path("/d")


def test_a_variable_with_a_typing_error_is_named_with_what_it_resembles():
    given = {"VOLANO_PROT": "1", "VOLANO_PORT": "1", "VOLANO_QQQQ": "1", "PORT": "1"}
    assert unknown_variables(given) == [("VOLANO_PROT", "VOLANO_PORT"), ("VOLANO_QQQQ", "")]


def test_every_setting_is_used_somewhere():
    """A setting that nothing reads would be a promise that nobody keeps."""
    import dataclasses
    import re

    from volano.kernel.config import Config

    source = Path(__file__).parents[3] / "src" / "volano"
    outside = [p for p in source.rglob("*.py") if p.name not in ("settings.py",)]
    text = "\n".join(path.read_text() for path in outside)
    unused = [
        field.name
        for field in dataclasses.fields(Config)
        if not re.search(rf"(config|self)\.{field.name}\b", text)
    ]
    assert unused == []
