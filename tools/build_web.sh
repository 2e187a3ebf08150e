#!/usr/bin/env bash
# Builds the web console into src/volano/console/dist. Needs Node.js 20 and npm; packages come from
# the npm registry and are pinned by web/package-lock.json.
set -euo pipefail
cd "$(dirname "$0")/../web"
command -v npm >/dev/null || {
  echo "Building the console needs Node.js and npm (Debian: apt-get install nodejs npm)." >&2; exit 1; }
echo "==> building the console (npm ci, then vite)"
npm ci --no-audit --no-fund --loglevel=error
npm run build
touch ../src/volano/console/dist/index.html
