#!/bin/sh
# with-root.sh COMMAND...: the command of the tests, for root in a mount namespace where "/" is a mount. In a
# chroot it need not be one, and the tests mount things.
set -eu
rows='^[^ ]* [^ ]* [^ ]* [^ ]* / '
if [ "$(id -u)" != 0 ] || grep -q "$rows" /proc/self/mountinfo; then exec "$@"; fi
here=$(cd "$(dirname "$0")" && pwd)
program=$here/../../out/own-root
mkdir -p "$(dirname "$program")"
cc -O1 -Wall -Wextra -Werror -o "$program" "$here/own-root.c"
echo 'with-root.sh: "/" is no mount here: the tests run in a mount namespace of their own' >&2
exec "$program" "$@"
