// What --help prints. One screen.

export const HELP = `Usage: criu-gc show|clean -D IMAGES [-r ROOT] [--external 'mnt[KEY]:PATH']...
       criu-gc show|clean --bundle DIR | --container ID | --pid PID [-D IMAGES]
       criu-gc links -D IMAGES [-r ROOT] [--null]      where the links are
       criu-gc list       containers and checkpoints that runtimes here know
       criu-gc scan DIR... [--since TIME [--remove]] | --network   links, locks
       criu-gc completion bash|zsh|fish
Finds link_remap.N files and network locks that a CRIU dump left. show tells
what is left and changes nothing; clean removes it. All need root.

  -D, --images-dir DIR    directory or archive with the images (default .)
  -r, --root PATH         host path of the container's rootfs
      --external RES      mnt[KEY]:PATH, host path of an external mount; mnt[]
  -M, --ext-mount-map KEY:PATH   the same, as older releases of CRIU have it
      --bundle DIR, --container ID   root, mounts, images and pid as its runtime
                          keeps them (-v shows them); other options win
      --runtime NAME, --runtime-root DIR, --checkpoint NAME    which, and where
      --all --older-than TIME [--keep-last N]   each that list calls given up
      --pid PID           the container still runs: a process of it. Its own
                          mounts are used, and images may be cut or missing
      --since TIME        --pid: when the dump began, if no image tells; scan:
      --until TIME        links of that time, which --remove removes (scan)
      --keep DIR          --pid, scan: images of a checkpoint that is wanted
      --only KIND,...     links, network or residue alone; --max-remaps N: more
      --repair KIND,...   undo signals, freezer, sockets, yards, kerndat, ghosts
      --netns PATH, -J, --join-ns net:PATH   where the dump's locks are
      --mounts SCOPE      all: construct every mount; remaps (default): a few
      --gone PATH         removed for good: "/", a place in the container, a key
      --accept DOUBT,...  consent to newer, older, mismatch, elsewhere, gone,
                          unseen, undated, shared, unlogged; --force: to all
  -L, --dump-log FILE, --restore-log FILE   CRIU's logs, where somewhere else
      --keep-last-link, --remove   keep last names; remove what scan has found
      --allow-environment run although NODE_OPTIONS, LD_PRELOAD or such is set
      --json, --plain     one JSON document; one line a link; links: --null
  -v, --verbosity[=NUM]   3 adds images and mounts, 4 also what was ignored
  -W, --work-dir DIR, -o, --log-file FILE    messages to FILE below DIR
      --log FILE [--log-format json]         and to this one, as runc has it
      --config FILE, --no-default-config     -h, --help    -V, --version
Other options of "criu restore" are ignored. Exit: 0 clean, 1 internal, 2 usage,
3 leftovers, 4 incomplete or not proven, 5 refused, 6 busy, 7 bad images,
8 unsupported, 9 alarm, 128+n interrupted. See criu-gc(8).
`
