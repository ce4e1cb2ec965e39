// What a runtime's own files say of a container, before anything is compared with images. Plain data.

/** A value, and the file or place that says so. */
export interface Told {
  readonly path: string
  readonly from: string
}

/** A bind mount, a volume or a device as it was configured. */
export interface ConfiguredMount {
  /** Absolute, on this host. */
  readonly source: string
  /** In the container, as it was written: relative, with links or doubled slashes. */
  readonly destination: string
  readonly from: string
}

/** A directory with images, and what its runtime calls that checkpoint. */
export interface KnownImages extends Told {
  readonly name: string
}

export interface RootPlace extends Told {
  /** Counts only while something is mounted there: an overlay that is not is an empty directory. */
  readonly isMountpoint: boolean
}

/** The first process, as its runtime noted it. */
export interface FirstProcess {
  readonly pid: number
  /** Ticks since this machine was started. */
  readonly start: number
  readonly from: string
}

export interface Container {
  readonly runtime: string
  /** Undefined where only its bundle is known. */
  readonly id: string | undefined
  /** What people call it, where that is not its id. */
  readonly name: string | undefined
  /** The folder that tells it from all others. */
  readonly home: string
  /** The best first. */
  readonly roots: readonly RootPlace[]
  readonly mounts: readonly ConfiguredMount[]
  /** Undefined where it has ended. */
  readonly process: FirstProcess | undefined
  /** Directories with images, which are there. */
  readonly images: readonly KnownImages[]
  /** Each is an archive, and where the container was stands in there. */
  readonly isInArchives?: boolean
  /** CRIU's work directory, where it is another one. */
  readonly workDir: string | undefined
  /** The network namespace that its configuration names. */
  readonly netns?: Told | undefined
  /** What an engine keeps of the log of a dump that failed, where it has another name. */
  readonly failedLog?: string | undefined
}

/** One way to keep containers. */
export interface Runtime {
  readonly name: string
  /** Where it does so unless told otherwise. */
  readonly places: readonly string[]
  /** Those with that id or name below one of these places. @throws GcError. */
  readonly find: (place: string, id: string) => Container[]
  /** All that are there, also another runtime's that keeps its own there, each looked at when it is asked for. */
  readonly all: (place: string) => Look[]
}

/** At one container. @throws GcError refused. */
export interface Look {
  /** Where it is kept, for what cannot be looked at. */
  readonly home: string
  readonly look: () => Container[]
}
