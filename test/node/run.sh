#!/bin/sh
# run.sh NAME COMMAND...: a command of the tests, with criu-gc under another Node; for the names see install.sh.
# Root only.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
sh "$here/install.sh" "$1"
prefix=$(cd "$here/../../.node/$1" && pwd)
shift
export CRIU_GC_NODE="$prefix/bin/node"
root=$here/../rig/with-root.sh
[ -d "$prefix/usr/share/nodejs" ] || exec sh "$root" "$@"
# Debian's Node reads some of its own modules from there, wherever it lies itself.
layers="lowerdir=$prefix/usr/share:/usr/share"
# shellcheck disable=SC2016
exec sh "$root" unshare --mount --propagation private \
  sh -c 'mount -t overlay -o "$1" overlay /usr/share && shift && exec "$@"' sh "$layers" "$@"
