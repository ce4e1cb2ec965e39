// What an image directory may make us read, hold and do. A dump that CRIU wrote of a real tree stays
// far below each; the numbers are the defaults of the man page, section LIMITS.

export const LIMITS = {
  /** Bytes of one image. */
  imageBytes: 64 * 1024 * 1024,
  /** Bytes of all images read in one run. */
  totalBytes: 256 * 1024 * 1024,
  /** Bytes of one entry. */
  entryBytes: 1024 * 1024,
  /** Entries of one image. */
  entries: 1_000_000,
  /** Fields of one message. */
  fields: 4096,
  /** Mounts of all namespaces together. */
  mounts: 10_000,
  /** Link remaps of one dump; --max-remaps raises it, up to the entries of one image. */
  remaps: 100_000,
  /** Mount namespaces of one dump. */
  namespaces: 1024,
  /** Tasks of one dump: each costs an image to open. */
  tasks: 100_000,
} as const

/** What a runtime may make us read of its containers. */
export const RUNTIME_LIMITS = {
  /** Bytes of one file. */
  fileBytes: 16 * 1024 * 1024,
} as const

/** How much is looked at of what only hints at something. What is beyond is passed over, not refused. */
export const HINT_LIMITS = {
  /** Bytes of a log, from its beginning and from its end. */
  logHead: 64 * 1024,
  logTail: 256 * 1024,
  /** Images of which the times are asked for and nothing else. */
  timedImages: 64,
  /** Files of which the times tell when somebody wrote into the directory. */
  writtenFiles: 10_000,
  /** Files without a name that a log tells of. */
  unlinked: 100_000,
  /** Names that one log may give us. */
  names: 64,
} as const
