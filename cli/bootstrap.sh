#!/bin/sh
# Installs the npm packages of package-lock.json, Node 24 among them, when they are missing or out of date.
# Needs only a Node that can run npm. Does nothing, in a few milliseconds, when all is there.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
stamp="$root/node_modules/.slipway-lock"
if ! cmp -s "$root/package-lock.json" "$stamp" || [ ! -x "$root/node_modules/.bin/node" ]; then
  command -v npm >/dev/null 2>&1 || {
    echo "slipway: npm is not on the PATH. Install Node.js 20 or newer (it brings npm), then run this again." >&2
    exit 1
  }
  echo "Installing npm packages (once, about 40 s) ..." >&2
  (cd "$root" && npm ci --no-audit --no-fund --loglevel=error) >&2 || {
    echo "slipway: 'npm ci' failed; its last lines are above. Check that the npm registry can be reached, then run this again." >&2
    exit 1
  }
  cp "$root/package-lock.json" "$stamp"
fi
