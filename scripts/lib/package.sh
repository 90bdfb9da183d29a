# The parts of scripts/package.
# shellcheck shell=bash

lk_failed() { # log
  tail -n 40 "$1" >&2
  echo "package: failed; all that was said is in $1" >&2
  exit 1
}

# The packages' version is the program's, or nobody knows later what is installed.
lk_same_version() { # root of the source
  local program package
  program=$(sed -n 's/^project(lockerd VERSION \([0-9.]*\).*/\1/p' "$1/CMakeLists.txt")
  package=$(dpkg-parsechangelog -l "$1/packaging/debian/changelog" -S Version)
  if [ "$program" != "${package%%[~+-]*}" ]; then
    echo "package: CMakeLists.txt says $program, packaging/debian/changelog says $package" >&2
    return 1
  fi
}

# What is in git (or, without git, all but what was built), with debian/ where dpkg-buildpackage looks for it.
lk_source_tree() { # root of the source, new folder
  mkdir -p "$2"
  if git -C "$1" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git -C "$1" ls-files -z --cached --others --exclude-standard |
      (cd "$1" && xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh) |
      tar -C "$1" --null -T - -cf - | tar -C "$2" -xf -
  else
    tar -C "$1" --exclude=./build --exclude=node_modules --exclude=__pycache__ -cf - . | tar -C "$2" -xf -
  fi
  cp -a "$2/packaging/debian" "$2/debian"
}

# "name:arch" of a package's build dependencies that are linked, "name" of those that run while building.
lk_build_depends() { # tree, architecture
  awk '/^Build-Depends:/ { on = 1; next } /^[^ ]/ { on = 0 } on { print }' "$1/debian/control" |
    sed 's/([^)]*)//; s/,//; s/ //g; /^$/d; /^dh-sequence-/d; s/:any$//; s/:native$//; s/^debhelper-compat$/debhelper/' |
    sed "s/^\(lib.*-dev\|pkg-config\)$/\1:$2/"
}

# A root of this machine's architecture that knows the other's packages too, with a cross compiler. Nothing on this machine changes.
lk_cross_root() { # tree, architecture, folder
  local key include
  include=$(lk_build_depends "$1" "$2" | paste -s -d ,),build-essential,crossbuild-essential-$2
  key=$(echo "$include" | sha256sum)
  if [ "$(cat "$3/.key" 2>/dev/null)" = "$key" ]; then
    return 0
  fi
  echo "package: making a root for $2 in $3" >&2
  lk_as_root rm -rf --one-file-system "$3"
  # The plain suite, like the sysroots: the updates are not whole on every mirror for every architecture.
  lk_debian_sources bookworm | lk_as_root mmdebstrap --quiet --variant=apt --mode=root \
    --architectures="$(dpkg --print-architecture),$2" --include="$include" bookworm "$3" - >"$3.log" 2>&1 || lk_failed "$3.log"
  echo "$key" | lk_as_root tee "$3/.key" >/dev/null
}

# A command in that root, in mount and process namespaces that end with it; SOURCE is /source there.
lk_in_root() { # root, source, command
  # The three are the inner shell's.
  # shellcheck disable=SC2016
  lk_as_root unshare --mount --pid --fork --kill-child sh -c '
    mkdir -p "$1/source" && mount --bind "$2" "$1/source" && mount -t proc proc "$1/proc" &&
      exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 sh -c "$3"' sh "$@"
}
