"""Commands end with 0, 1, 2 or 130, and whatever fails is a sentence and not a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from volano.cli import main as main_module
from volano.cli.main import COMMANDS, main
from volano.cli.settings import client_environment
from volano.kernel.errors import Invalid, NotFound, Unavailable

SOURCE = Path(__file__).parents[3] / "src"


def volano(*arguments, cwd, env=None):
    clean = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("VOLANO_", "AWS_", "OPENAI_", "SLACK_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "volano", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=clean | {"PYTHONPATH": str(SOURCE), "HOME": str(cwd)} | (env or {}),
        check=False,
    )


def test_help_names_every_command_and_no_command_is_an_error(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)
    assert main([]) == 2
    assert main(["nonsense"]) == 2
    assert "no command 'nonsense'" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"version"}))
def test_every_command_has_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Invalid("It is wrong."), 2, "It is wrong."),
        (Unavailable("It is away.", facts={"why": "unplugged"}), 1, "why: unplugged"),
        (PermissionError(13, "Permission denied", "/root/x"), 1, "/root/x: Permission denied"),
        (KeyError("bug"), 1, "internal error"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_errors_become_exit_codes_and_sentences(monkeypatch, capsys, error, code, words):
    class Failing:
        @staticmethod
        def add_arguments(parser):
            pass

        @staticmethod
        def run(args):
            raise error

    monkeypatch.setattr(main_module.importlib, "import_module", lambda name: Failing)
    assert main(["doctor"]) == code
    shown = capsys.readouterr().err
    assert words in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["bill"], 1, "Start `volano up` first"),
        (["up", "--config", "nowhere.toml"], 2, "does not exist"),
        (["up", "--zones", "9"], 2, "1 to 6"),
        (["up", "--data", "file"], 1, "file"),
        (["up", "--store", "mysql://x"], 2, "postgresql"),
        (
            ["up", "--listen", "192.0.2.1", "--port", "0", "--aws-port", "0", "--data", "d"],
            1,
            "--port",
        ),
        (
            [
                "up",
                "--store",
                "postgresql:///no?host=/nowhere",
                "--port",
                "0",
                "--aws-port",
                "0",
                "--data",
                "d",
            ],
            1,
            "PostgreSQL cannot be reached",
        ),
        (["backup", "b.tar", "--data", "none"], 1, "no Volano"),
        (["backup", "missing/b.tar", "--data", "whole"], 2, "missing"),
        (["backup", "b.tar", "--data", "whole"], 1, "volano.db is not there"),
        (["restore", "nofile.tar", "--data", "new"], 2, "nofile.tar"),
        (["models", "pull"], 2, "required: name"),
        (["zone", "fail", "--data", "keys"], 2, "Which zone?"),
        (["login", "--data", "keys"], 1, "volano up"),
        (["enable", "nothing"], 2, "invalid choice"),
    ],
)
def test_wrong_use_is_said_in_words(tmp_path, arguments, code, words):
    (tmp_path / "file").write_text("")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "admin.env").write_text(
        "OPENAI_BASE_URL=http://127.0.0.1:9/v1\nOPENAI_API_KEY=sk-x\n"
    )
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "root.key").write_bytes(b"k" * 32)
    if "models" in arguments:
        arguments = [*arguments, "--data", "keys"]
    ended = volano(*arguments, cwd=tmp_path)
    assert (ended.returncode, words in ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_folder_that_is_named_wins_over_the_shell(tmp_path, monkeypatch):
    import argparse

    from volano.cli.settings import client_of

    for name in ("AWS_ACCESS_KEY_ID", "OPENAI_API_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://theirs:1/v1")
    (tmp_path / "admin.env").write_text(
        "OPENAI_BASE_URL=http://mine:2/v1\nOPENAI_API_KEY=sk-mine\n"
    )
    named = argparse.Namespace(data=str(tmp_path), config=None)
    assert client_of(named)._parts.netloc == "mine:2"
    assert client_of(argparse.Namespace(data=None, config=None))._parts.netloc == "theirs:1"
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert client_environment(tmp_path)["OPENAI_API_KEY"] == "sk-mine"
    with pytest.raises(NotFound):
        client_environment(tmp_path / "none")


def test_up_says_which_file_it_read_and_which_variable_is_no_setting(tmp_path):
    (tmp_path / "volano.toml").write_text("zones = 2\nstore = 'postgresql:///no?host=/nowhere'\n")
    ended = volano(
        "up",
        "--port",
        "0",
        "--aws-port",
        "0",
        "--data",
        "d",
        cwd=tmp_path,
        env={"VOLANO_PROT": "1"},
    )
    assert f"Settings are read from {tmp_path / 'volano.toml'}" in ended.stdout
    assert "VOLANO_PROT is not a setting; did you mean VOLANO_PORT?" in ended.stderr
