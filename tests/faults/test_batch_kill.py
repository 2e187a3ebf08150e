"""kill -9 in the middle of a batch: it goes on where it was, every line is answered and paid once."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time

from tests.conftest import start_volano

MODEL = "volano-tiny-qwen3"
LINES = 120
WAIT_S = 120


def test_a_batch_survives_the_death_of_its_server(tmp_path):
    cloud = start_volano(tmp_path)
    try:
        client = cloud.openai()
        client.completions.create(model=MODEL, prompt="warm", max_tokens=1)
        body = {"model": MODEL, "prompt": "The ", "max_tokens": 30, "ignore_eos": True}
        lines = [
            {"custom_id": str(n), "method": "POST", "url": "/v1/completions", "body": body}
            for n in range(LINES)
        ]
        text = "\n".join(map(json.dumps, lines)).encode()
        file = client.files.create(file=("in.jsonl", text), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/completions", completion_window="24h"
        )
        _wait(lambda: _answered(cloud, batch.id) > LINES // 8)
        cloud.stop(kill=True)
        begun = _answered(cloud, batch.id)
        assert 0 < begun < LINES
        cloud.restart()
        client = cloud.openai()
        _wait(lambda: client.batches.retrieve(batch.id).status == "completed")
        done = client.batches.retrieve(batch.id)
        answers = client.files.content(done.output_file_id).text.splitlines()
        assert sorted(int(json.loads(line)["custom_id"]) for line in answers) == [*range(LINES)]
        assert done.usage.output_tokens == LINES * 30
        cloud.stop()
        paid = _rows(
            cloud,
            "SELECT quantity FROM billing_usage WHERE meter = 'llm.tokens.output.batch'",
        )
        assert (len(paid), sum(float(row[0]) for row in paid)) == (LINES, LINES * 30)
    finally:
        cloud.stop(kill=True)


def _wait(holds) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def _answered(cloud, batch_id: str) -> int:
    sql = f"SELECT COUNT(*) FROM studio_record WHERE kind = 'batch.line' AND parent = '{batch_id}'"
    return _rows(cloud, sql)[0][0]


def _rows(cloud, sql):
    with contextlib.closing(sqlite3.connect(cloud.data_dir / "volano.db")) as database:
        return database.execute(sql).fetchall()
