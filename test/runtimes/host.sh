#!/bin/bash
# A machine for real runtimes: a file system of its own as root, in namespaces of its own, with nothing but cgroup2.
#   host.sh make FOLDER PACKAGE,...   Debian forky with these; needs mmdebstrap and e2fsprogs
#   host.sh up FOLDER DIR             DIR is /work in it, read-only
#   host.sh on FOLDER COMMAND...      runs it there
#   host.sh down FOLDER               ends everything in it
set -euo pipefail
act=${1:?} folder=${2:?}
shift 2

make() {
  local mirror
  mirror=$(apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' | sort -u | grep -v security | head -n 1)
  mkdir -p "$folder"
  # A mirror that stands still has a release file past its date; its signature is checked all the same.
  mmdebstrap --variant=minbase --skip=cleanup/apt --aptopt='Acquire::Check-Valid-Until "false"' \
    --aptopt='APT::Install-Recommends "false"' --include="$1" \
    forky "$folder/root" "deb ${mirror%/} forky main"
  older_runc
  # Without sources: the machine has no network, and what is installed has to be there.
  # shellcheck disable=SC2016 # for the inner shell
  mmdebstrap --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
    --customize-hook=': >"$1/etc/apt/sources.list"' \
    trixie "$folder/root/opt/debian-13.tar" "deb ${mirror%/} trixie main"
  truncate -s 4G "$folder/disk"
  mkfs.ext4 -q -F -d "$folder/root" "$folder/disk"
  rm -rf "$folder/root"
}

# The runc of Debian 12, beside the newer one and with its libraries.
older_runc() {
  local prefix=$folder
  # shellcheck source=test/criu/apt.sh
  . "$(dirname "$0")/../criu/apt.sh"
  begin_apt bookworm
  (
    cd "$prefix"
    private_apt download runc
    mkdir -p root/opt/runc-1.1
    dpkg -x runc_*.deb root/opt/runc-1.1
    rm runc_*.deb
  )
  end_apt
}

# The first process of the machine.
boot() {
  local at=$folder/mnt device
  mount --make-rprivate /
  mkdir -p "$at"
  mount -o loop "$folder/disk" "$at"
  mkdir -p "$at"/{old,work}
  mount --bind "$1" "$at/work"
  mount -o remount,bind,ro "$at/work"
  mount -t proc proc "$at/proc"
  mount -t sysfs sysfs "$at/sys"
  mount -t cgroup2 cgroup2 "$at/sys/fs/cgroup"
  mount -t tmpfs -o mode=755 tmpfs "$at/dev"
  for device in null zero full random urandom tty fuse; do
    [ ! -e "/dev/$device" ] || cp -a "/dev/$device" "$at/dev/"
  done
  mkdir "$at"/dev/{pts,shm,mqueue}
  mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$at/dev/pts"
  ln -s pts/ptmx "$at/dev/ptmx"
  ln -s /proc/self/fd "$at/dev/fd"
  mount -t tmpfs tmpfs "$at/dev/shm"
  mount -t mqueue mqueue "$at/dev/mqueue"
  mount -t tmpfs -o mode=755 tmpfs "$at/run"
  mount -t tmpfs tmpfs "$at/tmp"
  cd "$at"
  pivot_root . old
  cd /
  umount -l /old
  ip link set lo up
  echo ready >/run/host-ready
  exec sleep infinity
}

up() {
  local top pid
  setsid unshare -m -p -n -u -i -f --kill-child bash "$0" boot "$folder" "$1" \
    </dev/null >"$folder/log" 2>&1 &
  top=$!
  while kill -0 "$top"; do
    pid=$(cut -d' ' -f1 "/proc/$top/task/$top/children")
    if [ -n "$pid" ] && [ "$(cat "/proc/$pid/root/run/host-ready" 2>/dev/null)" = ready ]; then
      echo "$pid" >"$folder/pid"
      exit 0
    fi
    sleep .1
  done
  cat "$folder/log" >&2
  exit 1
}

case $act in
make | boot | up) $act "$@" ;;
on)
  exec nsenter -t "$(cat "$folder/pid")" -m -p -n -u -i env -i \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
  ;;
down)
  kill -9 "$(cat "$folder/pid")"
  rm -f "$folder/pid"
  ;;
esac
