// What --help prints. One screen.

export const HELP = `Usage: criu-gc show|clean -D IMAGES [-r ROOT] [--external 'mnt[KEY]:PATH']...
       criu-gc show|clean --bundle DIR | --container ID [-D IMAGES]
       criu-gc show|clean --pid PID [-D IMAGES]     while the container lives
       criu-gc scan DIR... [--since TIME [--remove]] | --network   links, locks

Finds link_remap.N files and network locks that a CRIU dump left. show tells
what is left and changes nothing; clean removes it. Both need root.

  -D, --images-dir DIR    directory with the images of the dump (default .)
  -r, --root PATH         host path of the container's rootfs
      --external RES      mnt[KEY]:PATH, host directory of an external mount;
                          mnt[] where CRIU found external mounts by itself
  -M, --ext-mount-map KEY:PATH   the same, as older releases of CRIU have it
      --bundle DIR, --container ID   root, mounts, images and pid as its runtime
                          keeps them (-v shows them); other options win
      --runtime NAME, --runtime-root DIR   of --container: which, and where
      --pid PID           the container still runs: a process of it. Its own
                          mounts are used, and images may be cut or missing
      --since TIME        --pid: when the dump began, if no image tells; scan:
      --until TIME        links of that time, which --remove removes (scan)
      --keep DIR          --pid, scan: images of a checkpoint that is wanted
      --only KIND,...     links, network or residue alone; --max-remaps N: more
      --netns PATH, -J, --join-ns net:PATH   where the dump's locks are
      --mounts SCOPE      all: construct every mount; remaps (default): a few
      --gone PATH         removed for good: "/", a place in the container, a key
      --accept DOUBT,...  consent to newer, older, mismatch, elsewhere, gone,
                          unseen, undated, shared, unlogged; --force: to all
  -L, --dump-log FILE, --restore-log FILE   CRIU's logs of the dump, and of a
                          restore that failed, where they are somewhere else
      --keep-last-link, --remove   keep last names; remove what scan has found
      --allow-environment run although NODE_OPTIONS, LD_PRELOAD or such is set
      --json, --plain     one JSON document; one line a link, no tree
  -v, --verbosity[=NUM]   3 adds images and mounts, 4 also what was ignored
  -W, --work-dir DIR, -o, --log-file FILE    messages to FILE below DIR
      --config FILE, --no-default-config;  -h, --help;  -V, --version
The other options of "criu restore" are accepted and ignored. Example:
  criu-gc clean -D checkpoint -r rootfs --external 'mnt[/data]:/srv/data'

Exit: 0 clean, 1 internal, 2 usage, 3 leftovers, 4 incomplete or not proven,
5 refused, 6 busy, 7 bad images, 8 unsupported, 9 alarm, 128+n interrupted.
`
