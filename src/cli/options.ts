// Every option in one table: this program's own and CRIU's. Help, manual and README are tested
// against it.

export type Argument = 'none' | 'required' | 'optional'

export interface Option {
  readonly long: string
  readonly short?: string | undefined
  readonly argument: Argument
  /** `used`: means something here. `ignored`: CRIU knows it, a clean-up has no use for it. */
  readonly kind: 'used' | 'ignored'
  /** A consent: somebody gives it for one run, and no file for all. */
  readonly neverInFile?: true
  /** In a file it is for CRIU's own runs: a clean-up must not write where a dump did. */
  readonly lineOnly?: true
  /** Whether CRIU also takes it as --no-NAME. */
  readonly negatable?: boolean
}

const used = (long: string, argument: Argument, short?: string): Option => ({
  long,
  short,
  argument,
  kind: 'used',
})

const consent = (long: string, argument: Argument): Option => ({
  ...used(long, argument),
  neverInFile: true,
})

const ignored = (names: string, argument: Argument, negatable = false): Option[] =>
  names.split(' ').map((name) => {
    // Every start makes all of them.
    const slash = name.indexOf('/')
    const long = slash < 0 ? name : name.slice(0, slash)
    const short = slash < 0 ? undefined : name.slice(slash + 1)
    return { long, short, argument, kind: 'ignored', negatable }
  })

/** CRIU 4.2's options with their arguments, and those of earlier releases that it still takes. */
export const OPTIONS: readonly Option[] = [
  used('images-dir', 'required', 'D'),
  used('root', 'required', 'r'),
  used('external', 'required'),
  used('ext-mount-map', 'required', 'M'),
  { ...used('work-dir', 'required', 'W'), lineOnly: true },
  { ...used('log-file', 'required', 'o'), lineOnly: true },
  { ...used('log', 'required'), lineOnly: true },
  { ...used('log-format', 'required'), lineOnly: true },
  used('verbosity', 'optional', 'v'),
  used('config', 'required'),
  used('no-default-config', 'none'),
  used('help', 'none', 'h'),
  used('version', 'none', 'V'),
  used('json', 'none'),
  used('plain', 'none'),
  used('mounts', 'required'),
  used('max-remaps', 'required'),
  used('dump-log', 'required', 'L'),
  used('restore-log', 'required'),
  consent('accept', 'required'),
  consent('force', 'none'),
  consent('gone', 'required'),
  { ...used('pid', 'required'), lineOnly: true },
  { ...used('bundle', 'required'), lineOnly: true },
  { ...used('container', 'required'), lineOnly: true },
  { ...used('runtime', 'required'), lineOnly: true },
  { ...used('runtime-root', 'required'), lineOnly: true },
  { ...used('checkpoint', 'required'), lineOnly: true },
  { ...used('all', 'none'), lineOnly: true },
  { ...used('older-than', 'required'), lineOnly: true },
  { ...used('keep-last', 'required'), lineOnly: true },
  { ...used('since', 'required'), lineOnly: true },
  used('keep', 'required'),
  { ...used('only', 'required'), lineOnly: true },
  consent('repair', 'required'),
  { ...used('netns', 'required'), lineOnly: true },
  { ...used('network', 'none'), lineOnly: true },
  { ...used('join-ns', 'required', 'J'), lineOnly: true },
  { ...used('remove', 'none'), lineOnly: true },
  { ...used('until', 'required'), lineOnly: true },
  used('keep-last-link', 'none'),
  used('allow-environment', 'none'),
  used('null', 'none'),
  ...ignored('restore-detached/d restore-sibling/S leave-stopped/s leave-running/R', 'none', true),
  ...ignored('shell-job/j file-locks/l tcp-established tcp-close skip-in-flight', 'none', true),
  ...ignored('link-remap evasive-devices weak-sysctls force-irmap log-pid extra', 'none', true),
  ...ignored('mntns-compat-mode track-mem auto-dedup lazy-pages page-server tls', 'none', true),
  ...ignored('tls-no-cn-verify display-stats skip-file-rwx-check ghost-fiemap', 'none', true),
  ...ignored('enable-external-sharing enable-external-masters stream unprivileged', 'none', true),
  ...ignored('exec-cmd experimental allow-uprobes daemon', 'none', true),
  ...ignored('tree/t timeout libdir lsm-profile lsm-mount-context', 'required'),
  ...ignored('ghost-limit inherit-fd cgroup-root cgroup-props cgroup-props-file', 'required'),
  ...ignored('cgroup-dump-controller cgroup-yard action-script pidfile', 'required'),
  ...ignored('file-validation network-lock empty-ns skip-mnt enable-fs feature', 'required'),
  ...ignored('irmap-scan-path prev-images-dir pre-dump-mode freeze-cgroup address', 'required'),
  ...ignored('port ps-socket status-fd tls-cacert tls-cacrl tls-cert tls-key', 'required'),
  ...ignored('veth-pair', 'required'),
  ...ignored('cpu-cap manage-cgroups ext-unix-sk/x', 'optional'),
]
