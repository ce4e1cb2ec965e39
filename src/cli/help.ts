// What --help prints. One screen.

export const HELP = `Usage: criu-gc show  -D IMAGES [-r ROOT] [--external 'mnt[KEY]:PATH']...
       criu-gc clean -D IMAGES [-r ROOT] [--external 'mnt[KEY]:PATH']...
       criu-gc show|clean --pid PID [-D IMAGES]     while the container lives

Finds the link_remap.N files that a CRIU dump left in a container's files.
show tells what is left and changes nothing; clean removes it. Both need root.

  -D, --images-dir DIR    directory with the images of the dump (default .)
  -r, --root PATH         host path of the container's rootfs
      --external RES      mnt[KEY]:PATH, the host directory of an external mount
                          (show names each that is missing);
                          mnt[] where CRIU found external mounts by itself
  -M, --ext-mount-map KEY:PATH   the same, as older releases of CRIU have it
      --pid PID           the container still runs: a process of it. Its own
                          mounts are used, and images may be cut or missing
      --since TIME        with --pid: when the dump began, if no image tells it
      --keep DIR          with --pid: images of a checkpoint that is wanted
      --mounts SCOPE      remaps: attach what leads to the links (default);
                          all: construct every mount of every namespace
      --max-remaps N      more link remaps than usual (100000)
      --gone PATH         removed for good: "/", a place in the container, a key
      --accept DOUBT,...  consent to newer, older, mismatch, elsewhere, gone,
                          unseen, undated or shared; a message says which
      --force             consent to all of them
  -L, --dump-log FILE, --restore-log FILE   CRIU's logs of the dump, and of a
                          restore that failed, where they are somewhere else
      --keep-last-link    keep a link that is the last name of its file
      --allow-environment run although NODE_OPTIONS, LD_PRELOAD or such is set
      --json, --plain     one JSON document; one line a link, no tree
  -v, --verbosity[=NUM]   3 adds images and mounts, 4 also what was ignored
  -o, --log-file FILE     messages to FILE in the work directory
  -W, --work-dir DIR      the work directory (default: that of the images)
      --config FILE, --no-default-config   CRIU's configuration files
  -h, --help    -V, --version

The other options of "criu restore" are accepted and ignored. Example:
  criu-gc clean -D checkpoint -r rootfs --external 'mnt[/data]:/srv/data'

Exit: 0 clean, 1 internal, 2 usage, 3 leftovers, 4 incomplete or not proven,
5 refused, 6 busy, 7 bad images, 8 unsupported, 9 alarm, 128+n interrupted.
`
