#!/bin/bash
# Judges docs/contract by the public validators, installed in the build folder.  usage: run.sh BUILD_FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
modules=$1/contract-modules
mkdir -p "$modules"
exec 8>"$modules/.lock"
flock 8
if ! cmp -s "$here/package-lock.json" "$modules/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$modules/"
  (cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || { cat "$modules/npm.log"; exit 1; }
  cp "$here/package-lock.json" "$modules/installed.json"
fi
PYTHONPATH=$root/scripts/lib/contract /usr/bin/python3 -B -c '
import json, examples, page
print(json.dumps(examples.valid(page.Page())))' >"$modules/valid.json"
cd "$modules"
node "$here/validators.mjs" "$root/docs/contract" "$modules/valid.json"
