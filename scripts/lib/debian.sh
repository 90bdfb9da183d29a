# Debian packages of any suite and architecture, downloaded and unpacked without touching this machine's own packages: apt-get
# with a private state, so no root, no foreign architecture and no entry in the package database. Where from is taken
# from this machine's own apt configuration; apt checks signatures and sums as ever. Sourced by cmake/cross/sysroot and
# tests/vm/make-*.
#   lk_debian_open FOLDER SUITE ARCHITECTURE [FURTHER]   fetches the lists; what is downloaded stays in FOLDER
#   lk_debian_fetch PACKAGE...      the packages and all they depend on, as .deb; prints their paths
#   lk_debian_download PACKAGE...   exactly these packages, into the present folder
#   lk_debian_unpack ROOT DEB...    unpacks into ROOT, with /bin, /sbin and /lib inside /usr
# shellcheck shell=bash

lk_debian_say() {
  echo "debian: $*" >&2
}

# The sources.list for this suite, from what this machine's apt is set up with. The plain suite only: what is built against
# the release runs with its updates, and the archive of updates is not whole on every mirror for every architecture.
lk_debian_sources() { # suite
  # The fields are apt's, not the shell's.
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(REPO_URI)|$(CODENAME)|$(COMPONENT)' 'Created-By: Packages' | sort -u |
    awk -F'|' -v suite="$1" '
      $3 == "main" && $2 ~ /^(bookworm|trixie)$/ && !n++ { printf "deb %s %s main\n", $1, suite }'
}

lk_debian_config() { # folder, suite, architecture, further architecture
  local key
  cat <<CONFIG
APT::Architecture "$3";
APT::Architectures { "$3"; ${4:+\"$4\";} };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$1/state";
Dir::State::status "$1/status";
Dir::Cache "$1/cache";
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
DPkg::Post-Invoke {};
APT::Update::Post-Invoke {};
APT::Update::Post-Invoke-Success {};
#clear DPkg::Post-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
CONFIG
  key=/usr/share/keyrings/debian-archive-keyring.gpg
  if [ -e "$key" ]; then
    echo "Dir::Etc::trusted \"$key\";"
  fi
}

lk_debian_open() { # folder, suite, architecture, further architecture
  mkdir -p "$1"
  local folder
  folder=$(cd "$1" && pwd)
  mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial"
  : >"$folder/status"
  lk_debian_sources "$2" >"$folder/sources.list"
  if ! [ -s "$folder/sources.list" ]; then
    lk_debian_say "this machine's apt knows no Debian main archive, so there is nowhere to take $2 from"
    return 1
  fi
  lk_debian_config "$folder" "$2" "$3" "${4:-}" >"$folder/apt.conf"
  export APT_CONFIG=$folder/apt.conf
  lk_debian_say "fetching the package lists of $2 $3"
  apt-get -q update >"$folder/update.log" 2>&1 || {
    tail -n 20 "$folder/update.log" >&2
    return 1
  }
}

lk_debian_fetch() { # package...
  local log=${APT_CONFIG%/apt.conf}/fetch.log archives=${APT_CONFIG%/apt.conf}/cache/archives
  lk_debian_say "downloading $*"
  apt-get -q -y --download-only install "$@" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    return 1
  }
  # What would be installed, by name and version: the cache may hold more.
  apt-get -q -s install "$@" | awk '$1 == "Inst" { gsub(/[()]/, "", $3); print $2, $3 }' |
    while read -r package version; do
      set -- "$archives/${package%:*}_${version//:/%3a}"_*.deb
      [ -e "$1" ] || {
        lk_debian_say "$package $version was not downloaded"
        return 1
      }
      echo "$1"
    done
}

lk_debian_download() { # package...
  lk_debian_say "downloading $*"
  apt-get -q download "$@" >download.log 2>&1 || {
    tail -n 20 download.log >&2
    return 1
  }
}

lk_debian_unpack() { # root, deb...
  local root=$1 name
  shift
  for name in bin sbin lib; do
    mkdir -p "$root/usr/$name"
    [ -e "$root/$name" ] || ln -s "usr/$name" "$root/$name"
  done
  for name in "$@"; do
    dpkg-deb --fsys-tarfile "$name" | tar -x -p --keep-directory-symlink -C "$root" || return 1
  done
}
