#!/bin/bash
# Runs a script of this folder with playwright-core installed in the build folder.
# usage: run.sh BUILD_FOLDER FACE_DEMO SCRIPT [ARGUMENT...]      SCRIPT ending in .test.mjs runs under node --test
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
modules=$1/kiosk-modules
export FACE_DEMO=$2
script=$here/$3
shift 3
mkdir -p "$modules"
exec 8>"$modules/.lock" # tests of one build run side by side; one of them installs
flock 8
if ! cmp -s "$here/package-lock.json" "$modules/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$modules/"
  (cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || { cat "$modules/npm.log"; exit 1; }
  cp "$here/package-lock.json" "$modules/installed.json"
fi
exec 8>&-
export KIOSK_MODULES=$modules
case $script in
*.test.mjs) exec node --test "$script" ;;
*) exec node "$script" "$@" ;;
esac
