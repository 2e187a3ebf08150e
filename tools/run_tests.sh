#!/usr/bin/env bash
# The whole suite, on SQLite and on a PostgreSQL that the tests start themselves, in parallel. The
# console's tests run apart: Playwright keeps an event loop open in its process, beside which no
# other asynchronous test can run. A module's tests stay in one worker, which starts what they share
# once. What fails in the crowd runs once more, alone: a test that a busy machine broke passes then
# and is named, a test that finds a bug fails again and fails the run.
set -uo pipefail
cd "$(dirname "$0")/.."
workers=${1:-2}
export PYTHONDONTWRITEBYTECODE=1
pytest=(.venv/bin/python -m pytest)
failed=0

run() {
  "${pytest[@]}" -n "$workers" --dist loadscope "$@"
  local code=$?
  if [ "$code" = 1 ]; then
    echo "==> Once more, alone: what failed beside other tests. Mend it even when it passes now."
    "${pytest[@]}" --last-failed --last-failed-no-failures none "$@"
    code=$?
  fi
  [ "$code" = 0 ] || failed=$code
}

run tests/console
run --ignore=tests/console tests
exit "$failed"
