#!/usr/bin/env bash
# Installs the packages on fresh Debian 13 and 12 and cleans up after a dump there, with neither a compiler
# nor a network. Needs root, mmdebstrap, rpm, qemu-user and the arm64 libraries of g++-aarch64-linux-gnu.
#   hosts.sh [FOLDER]     default: the folder packages, as "npm run package" leaves it
# A machine is a directory with a mount and a network namespace of its own while something runs there.
set -euo pipefail
cd "$(dirname "$0")/../.."
packages=$(cd "${1-packages}" && pwd)
version=$(node -p 'require("./package.json").version')

work=$(mktemp -d /var/tmp/criu-gc-hosts.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
passed=0

die() {
  echo "hosts.sh: $*" >&2
  exit 1
}

# the first main archive of Debian that apt has here; security archives hold no whole suite
mirror=${DEBIAN_MIRROR-$(apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
  'Component: main' --format "\$(REPO_URI)" | grep -v security | head -n 1)}
[ -n "$mirror" ] || die 'apt knows no Debian mirror: run apt-get update, or set DEBIAN_MIRROR'

# make SUITE PACKAGE...: a machine with these beside what every Debian has
make() {
  local suite=$1
  shift
  # a mirror may stand still for longer than its lists are valid
  mmdebstrap --quiet --variant=essential --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --include="$(IFS=,; echo "$*")" "$suite" "$work/$suite" "deb $mirror $suite main" \
    >"$work/log" 2>&1 || { cat "$work/log"; die "no $suite could be made"; }
  mkdir "$work/$suite/outside"
  # the first in the PATH: no package may ask there
  printf '#!/bin/sh\nexit 99\n' >"$work/$suite/usr/sbin/node"
  chmod 755 "$work/$suite/usr/sbin/node"
}

# on SUITE COMMAND...: runs it there, as root of the machine
on() {
  local suite=$1
  shift
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --net bash -c '
    set -e
    mount --make-rprivate /
    mount --bind "$1" "$1"
    cd "$1"
    shift
    mount -t proc proc proc
    mount -t tmpfs tmpfs run
    mount -t tmpfs tmpfs tmp
    pivot_root . outside
    cd /
    umount -l /outside
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
      NODE_OPTIONS=--not-an-option "$@"
  ' - "$work/$suite" "$@"
}

# ends CODE COMMAND...: a check that the command ends with it
ends() {
  local wanted=$1 code=0
  shift
  "$@" >"$work/log" 2>&1 || code=$?
  if [ "$code" -ne "$wanted" ]; then
    cat "$work/log"
    die "exit $code, not $wanted: $*"
  fi
  passed=$((passed + 1))
}

says() {
  grep -q -e "$1" "$work/log" || { cat "$work/log"; die "this does not say: $1"; }
  passed=$((passed + 1))
}

says_not() {
  grep -q -e "$1" "$work/log" && { cat "$work/log"; die "this says: $1"; }
  passed=$((passed + 1))
}

# put SUITE FILE...: where dpkg finds them there
put() {
  local suite=$1
  shift
  cp "$@" "$work/$suite/var/tmp/"
}

# works SUITE: show, clean and show again do what they should
works() {
  local suite=$1 link arguments
  rm -rf "$work/$suite/srv/sample"
  mapfile -t arguments < <(node test/package/sample.mjs "$work/$suite" /srv/sample)
  [ "${#arguments[@]}" -gt 0 ] || die 'no sample'
  ends 0 on "$suite" criu-gc --version
  says "^criu-gc $version\$"
  ends 3 on "$suite" criu-gc show "${arguments[@]}"
  says '5 would remove, 2 vanished'
  ends 0 on "$suite" criu-gc clean "${arguments[@]}"
  says '5 removed, 2 vanished'
  while read -r link; do
    [ ! -e "$link" ] || die "$link is still there"
  done <"$work/$suite/srv/sample/links"
  ends 0 on "$suite" criu-gc show -v "${arguments[@]}"
  # where there is one, Node has taken it
  says_not 'code cache'
}

# gone SUITE: nothing of the package is left
gone() {
  [ -z "$(find "$work/$1/usr" -name '*criu-gc*')" ] || die "the package left something on $1"
  passed=$((passed + 1))
}

# bare SUITE: no compiler; a network would have an interface besides lo
bare() {
  local compiler
  for compiler in cc gcc g++ c++ make; do
    [ ! -e "$work/$1/usr/bin/$compiler" ] || die "$1 has $compiler"
  done
  ends 0 on "$1" grep -c : /proc/net/dev
  says '^1$'
}

deb() { echo "${1}_${version}_${2-amd64}.deb"; }
rpmfile() { echo "$packages/$1-$version-1.x86_64.rpm"; }

# an .rpm, below another root; what it needs is Debian's there, which rpm does not know
with_rpm() {
  ends 0 rpm --root "$work/$1" --nodeps -i "$(rpmfile "$2")"
  works "$1"
  ends 0 rpm --root "$work/$1" --nodeps -e "$2"
  gone "$1"
}

echo '# Debian 13: with the Node.js of the system'
make trixie mount nodejs
bare trixie
put trixie "$packages/$(deb criu-gc)" "$packages/$(deb criu-gc-node)"
ends 0 on trixie dpkg -i "/var/tmp/$(deb criu-gc)"
ends 0 on trixie dpkg --verify criu-gc
ends 0 test -s "$work/trixie/usr/share/man/man8/criu-gc.8.gz"
ends 0 test -s "$work/trixie/usr/share/criu-gc/criu-gc-1.schema.json"
for completion in bash-completion/completions/criu-gc fish/vendor_completions.d/criu-gc.fish \
  zsh/vendor-completions/_criu-gc; do
  ends 0 test -s "$work/trixie/usr/share/$completion"
done
works trixie
# the other one takes its place
ends 0 on trixie dpkg --auto-deconfigure -B -i "/var/tmp/$(deb criu-gc-node)"
works trixie
ends 0 on trixie dpkg -P criu-gc-node
gone trixie
with_rpm trixie criu-gc
rm -rf --one-file-system "$work/trixie"

echo '# Debian 12: with its own Node.js'
make bookworm mount libstdc++6
bare bookworm
put bookworm "$packages/$(deb criu-gc)" "$packages/$(deb criu-gc-node)"
ends 1 on bookworm dpkg -i "/var/tmp/$(deb criu-gc)"
says 'depends on nodejs (>= 20.17)'
ends 0 on bookworm dpkg -P criu-gc
ends 0 on bookworm dpkg -i "/var/tmp/$(deb criu-gc-node)"
ends 0 on bookworm dpkg --verify criu-gc-node
works bookworm
ends 0 test -s "$work/bookworm/usr/lib/criu-gc/dist/program.cache"
ends 0 on bookworm dpkg -P criu-gc-node
gone bookworm
with_rpm bookworm criu-gc-node
rm -rf --one-file-system "$work/bookworm"

echo '# arm64: its Node.js loads its addon, as far as an emulator has the system calls'
dpkg-deb -x "$packages/$(deb criu-gc-node arm64)" "$work/arm64"
emulated() { env -i qemu-aarch64 -L /usr/aarch64-linux-gnu "$work/arm64/usr/lib/criu-gc/node" "$@"; }
ends 0 emulated "$work/arm64/usr/lib/criu-gc/dist/criu-gc.cjs" --version
says "^criu-gc $version\$"
: >"$work/victim"
ends 0 emulated test/package/addon.mjs \
  "$work/arm64/usr/lib/criu-gc/prebuilds/linux-arm64/syscalls.node" "$work/victim"
says '^arm64 removed it$'
[ ! -e "$work/victim" ] || die 'the arm64 addon removed nothing'

echo "$passed passed, 0 failed"
