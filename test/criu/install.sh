#!/bin/sh
# Unpacks a current CRIU into a folder of its own, for the tests that dump real processes.
# Nothing is installed: the distribution's CRIU may be too old for the running kernel, and a newer
# one needs a newer C library, so CRIU and all its libraries are unpacked under PREFIX and are run
# through their own loader.
#
#   install.sh [--runtimes] [PREFIX]
#
# PREFIX/criu is the command. With --runtimes also runc, crun, podman and podman's conmon in PREFIX/runtimes,
# which find their criu when that folder is first in PATH.
# For the mirror see apt.sh.
set -eu

runtimes=
if [ "${1-}" = --runtimes ]; then
  runtimes=yes
  shift
fi
here=$(cd "$(dirname "$0")/../.." && pwd)
prefix=${1-$here/.criu}

# what is there already is left alone
need=
[ -x "$prefix/criu" ] || need=criu
if [ -n "$runtimes" ] && [ ! -x "$prefix/runtimes/podman" ]; then need="$need runtimes"; fi
[ -n "$need" ] || exit 0

# shellcheck source=test/criu/apt.sh
. "$here/test/criu/apt.sh"
begin_apt forky 'set CRIU to a CRIU 4.x of your own instead'

case $need in *criu*)
  unpack "$prefix" criu libnftables1
  cat >"$prefix/criu.new" <<'WRAPPER'
#!/bin/sh
# written by test/criu/install.sh: CRIU with the loader and the libraries it was built for
here=$(dirname "$(readlink -f "$0")")
exec "$here/usr/lib64/ld-linux-x86-64.so.2" --library-path "$here/usr/lib/x86_64-linux-gnu" \
  "$here/usr/sbin/criu" "$@"
WRAPPER
  chmod +x "$prefix/criu.new"
  # the wrapper comes last and at once: it is the sign that all the rest is there
  mv "$prefix/criu.new" "$prefix/criu"
  ;;
esac

# A runtime starts itself again through /proc/self/exe, which would be the loader: so here the
# programs are changed to name their loader and libraries, and PREFIX must not be moved after that.
case $need in *runtimes*)
  unpack "$prefix" runc crun libcriu2 podman conmon patchelf
  libraries=$prefix/usr/lib/x86_64-linux-gnu
  loader=$prefix/usr/lib64/ld-linux-x86-64.so.2
  mkdir -p "$prefix/runtimes"
  for program in usr/sbin/runc usr/bin/crun usr/bin/conmon usr/bin/podman; do
    name=$(basename "$program")
    # RPATH, not RUNPATH, counts for libraries of libraries too, and for what crun opens: libcriu
    set -- --force-rpath --set-rpath "$libraries"
    # patchelf would break it, as it is laid out: it gets its libraries by LD_LIBRARY_PATH
    if [ "$name" = podman ]; then set --; fi
    "$loader" --library-path "$libraries" "$prefix/usr/bin/patchelf" "$@" --set-interpreter "$loader" \
      --output "$prefix/runtimes/$name.new" "$prefix/$program"
    chmod +x "$prefix/runtimes/$name.new"
    mv "$prefix/runtimes/$name.new" "$prefix/runtimes/$name"
  done
  # they look for criu in PATH: give them this folder
  ln -sf ../criu "$prefix/runtimes/criu"
  ;;
esac

end_apt
echo "install.sh: $("$prefix/criu" --version | head -n 1) in $prefix" >&2
