"""The `llm` command: a prompt answered, streamed and logged, a text embedded."""

import json
import os
import subprocess
import sys
from pathlib import Path

home = Path(os.environ["LLM_USER_PATH"])
home.mkdir(parents=True, exist_ok=True)
model = {"api_key_name": "volano", "model_id": "volano", "model_name": "volano-tiny-qwen3"}
model["api_base"] = os.environ["OPENAI_BASE_URL"]
(home / "extra-openai-models.yaml").write_text(json.dumps([model]))
llm = Path(sys.executable).parent / "llm"
options = ["-o", "max_tokens", "16", "--key", os.environ["OPENAI_API_KEY"]]
for extra in ([], ["--no-stream"]):
    done = subprocess.run(
        [llm, "-m", "volano", "Say something.", *options, *extra],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,  # or it waits for more of the prompt
    )
    assert done.returncode == 0, done.stderr
logged = subprocess.run([llm, "logs", "--json"], capture_output=True, text=True, check=True)
assert len(json.loads(logged.stdout)) == 2
