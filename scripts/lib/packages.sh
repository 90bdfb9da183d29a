# The one list of Debian packages, and how they get installed. Sourced by scripts/test and scripts/demo:
#   lk_need_packages build test      installs what is missing of these groups; 0 when all is there afterwards
# Each row: group, package, and optionally the command that serves as well, wherever it came from.
# shellcheck shell=bash

lk_packages() {
  cat <<'ROWS'
build gcc gcc
build libc6-dev
build cmake cmake
build ninja-build ninja
build pkg-config pkg-config
build python3
build libmodbus-dev
build libgpiod-dev
build libsqlite3-dev
build libjansson-dev
build libssl-dev
build libevent-dev
build libinih-dev
build libargon2-dev
build libjose-dev
build libevdev-dev
build libpaho-mqtt-dev
test libcmocka-dev
test mosquitto
test openssl openssl
test mbpoll mbpoll
test python3-pymodbus
test python3-serial-asyncio
test python3-cryptography
test python3-paho-mqtt
test ca-certificates
test nodejs node
test npm npm
test chromium chromium
test fonts-noto-cjk
test patch patch
test argon2 argon2
test python3-jsonschema
test python3-yaml
test jose jose
test rabbitmq-server
test tzdata
vm gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
vm gcc-arm-linux-gnueabihf arm-linux-gnueabihf-gcc
vm qemu-user-static qemu-aarch64-static
vm qemu-system-arm qemu-system-aarch64
vm make make
vm kmod depmod
vm cpio cpio
vm xz-utils xz
package debhelper dh
package lintian lintian
package mmdebstrap mmdebstrap
package systemd-container systemd-nspawn
screen qemu-system-x86 qemu-system-x86_64
screen e2fsprogs mke2fs
demo libcmocka-dev
demo mosquitto
demo openssl openssl
demo python3-cryptography
demo python3-paho-mqtt
demo python3-jsonschema
demo ca-certificates
ROWS
}

lk_package_is_there() { # package [command]
  if [ -n "${2:-}" ] && command -v "$2" >/dev/null 2>&1; then
    return 0
  fi
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints what is missing of the named groups, one package a line.
lk_missing_packages() {
  local group package command
  lk_packages | while read -r group package command; do
    case " $* " in
    *" $group "*) lk_package_is_there "$package" "$command" || echo "$package" ;;
    esac
  done | sort -u
}

lk_as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo -- "$@"
  else
    echo "packages: installing needs root, and sudo is not here: run as root: $*" >&2
    return 1
  fi
}

# The lists have a lock of their own that apt-get does not wait for, so another run beside this one is waited for here.
lk_apt_update() {
  local try
  for try in 1 2 3 4 5 6; do
    lk_as_root apt-get update -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 && return 0
    echo "packages: apt-get update failed (attempt $try of 6)" >&2
    if [ "$try" = 6 ]; then
      return 1
    fi
    sleep 5
  done
}

lk_need_packages() {
  local missing
  if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "packages: this is not a Debian system, so nothing is checked or installed. Needed, by their Debian names:" >&2
    lk_packages | while read -r group package _; do
      case " $* " in *" $group "*) echo "$package" ;; esac
    done | sort -u | paste -s -d ' ' >&2
    return 0
  fi
  missing=$(lk_missing_packages "$@" | paste -s -d ' ')
  if [ -z "$missing" ]; then
    return 0
  fi
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "packages: apt-get is not here; install these yourself: $missing" >&2
    return 1
  fi
  echo "packages: installing $missing" >&2
  case " $missing " in
  *" rabbitmq-server "*)
    # The tests run a node of their own; the one of the system is not to come up because of them.
    if [ -d /run/systemd/system ]; then
      lk_as_root systemctl mask --runtime rabbitmq-server.service epmd.service epmd.socket >/dev/null 2>&1 || true
    fi
    ;;
  esac
  lk_apt_update || return 1
  # shellcheck disable=SC2086 # the list is meant to be split
  lk_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 $missing
}
