# shellcheck shell=sh
# To be read by a script that has set "prefix": packages of a suite of Debian, unpacked into folders.
# Nothing is installed on the machine; apt has its lists, its idea of what is installed and its cache below
# the prefix. DEBIAN_MIRROR overrides the mirror, which is otherwise the one that this machine's apt uses.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

private_apt() {
  apt-get -qq -c "$apt/apt.conf" "$@"
}

# begin_apt SUITE
begin_apt() {
  suite=$1
  command -v apt-get >/dev/null || die "needs apt-get${2+: $2}"
  [ -r "$keyring" ] || die "needs $keyring: install debian-archive-keyring"
  mkdir -p "$prefix"
  prefix=$(cd "$prefix" && pwd)
  apt=$prefix/apt
  # the first main archive of Debian that apt has here; security archives hold no suite of their own
  mirror=${DEBIAN_MIRROR-$(apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
    'Component: main' --format "\$(REPO_URI)" | grep -v security | head -n 1)}
  [ -n "$mirror" ] || die 'apt knows no Debian mirror: run apt-get update, or set DEBIAN_MIRROR'
  mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/state/status"
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
  # read after the machine's own configuration, so that its proxy settings hold and its hooks do not
  cat >"$apt/apt.conf" <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear APT::Default-Release;
Dir::State "$apt/state/";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache/";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
CONF
  update
}

# A mirror that stands still, or a clock that is wrong, has a release file that is past its date. Its signature is
# checked all the same: what it can bring is packages that are older than they should be, and these are run
# by tests only.
update() {
  said=$(LC_ALL=C private_apt update 2>&1) && return
  case $said in
  *' is expired '* | *' is not valid yet '*)
    echo "${0##*/}: the release file of $suite on $mirror is not of today, by this machine's clock:" \
      'its signature is checked, its date is not. Where a newer one is wanted, set DEBIAN_MIRROR' >&2
    set -- -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false
    private_apt "$@" update && return
    ;;
  esac
  echo "$said" >&2
  die "apt cannot read $suite from $mirror; nothing was installed. Look at what it says above, or set DEBIAN_MIRROR"
}

# unpack FOLDER PACKAGE...: the packages and all that they depend on, unpacked into FOLDER
unpack() {
  to=$1
  shift
  rm -f "$apt"/cache/archives/*.deb
  # an empty status file means: nothing is installed, so every dependency is fetched too
  private_apt install --download-only --yes "$@"
  mkdir -p "$to"
  for deb in "$apt"/cache/archives/*.deb; do dpkg -x "$deb" "$to"; done
}

end_apt() {
  rm -rf "$apt"
}
