#!/usr/bin/env bash
# The whole suite, on SQLite and on a PostgreSQL that the tests start themselves, in parallel.
# What fails there runs once more, alone: a test that a crowded machine broke passes then and is
# named as such, a test that finds a bug fails again and fails the run.
set -uo pipefail
cd "$(dirname "$0")/.."
workers=${1:-2}
export PYTHONDONTWRITEBYTECODE=1
.venv/bin/python -m pytest -n "$workers" --dist loadgroup "${@:2}" tests
code=$?
[ "$code" = 1 ] || exit "$code"
echo
echo "==> Once more, alone: what failed beside other tests. Mend it even when it passes now."
exec .venv/bin/python -m pytest --last-failed --last-failed-no-failures none tests
