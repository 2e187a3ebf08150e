#!/usr/bin/env bash
# The whole suite, on SQLite and on a PostgreSQL that the tests start themselves.
set -euo pipefail
cd "$(dirname "$0")/.."
workers=${1:-2}
export PYTHONDONTWRITEBYTECODE=1
exec .venv/bin/python -m pytest -n "$workers" --dist loadgroup "${@:2}" tests
