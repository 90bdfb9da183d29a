# Builds the product for a script that shows or plays it. Sourced by scripts/demo and scripts/fleet:
#   lk_build_programs ROOT FOLDER TARGET...   preset release into FOLDER, with progress; the log is FOLDER/build.log
# shellcheck shell=bash

# Progress on one line where somebody looks, and otherwise none.
lk_build_targets() { # folder target...
  local folder=$1 log=$1/build.log
  shift
  if [ -t 2 ]; then
    cmake --build "$folder" --target "$@" 9>&- 2>&1 | tee -a "$log" |
      sed -u -n 's/^\(\[[0-9]*\/[0-9]*\]\) .*/\r   \1 /p' | stdbuf -o0 tr -d '\n' >&2 || return 1
    echo >&2
  else
    cmake --build "$folder" --target "$@" >>"$log" 2>&1 9>&-
  fi
}

lk_build_programs() { # root folder target...
  local root=$1 folder=$2 log=$2/build.log
  shift 2
  mkdir -p "$folder"
  # Two at a time would pull the folder from under each other; the lock goes with the building.
  (
    flock 9
    echo "Building (log: $log)" >&2
    : >"$log"
    if ! cmake -S "$root" --preset release -B "$folder" >>"$log" 2>&1 9>&-; then
      tail -n 30 "$log" >&2
      exit 1
    fi
    lk_build_targets "$folder" "$@"
  ) 9>"$folder/.lock" || {
    echo "$0: it could not be built:" >&2
    grep -m 1 -A 20 'FAILED\|rror' "$log" >&2 || tail -n 30 "$log" >&2
    return 1
  }
}
