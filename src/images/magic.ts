// First words of CRIU's images (little-endian), by kind. Same numbers in every release since 1.0.

/** Leads every image but the inventory where inventory.img_version is 2 (CRIU 1.6 and later). */
export const COMMON_MAGIC = 0x54564319

/** Leads service files, such as `stats-dump`, whose names do not end in .img. */
export const SERVICE_MAGIC = 0x55105940

export const MAGIC = {
  inventory: 0x58313116,
  pstree: 0x50273030,
  ids: 0x54432030,
  files: 0x56303138,
  'reg-files': 0x50363636,
  'remap-fpath': 0x59133954,
  inetsk: 0x56443851,
  netns: 0x55933752,
  mountpoints: 0x55563928,
  timens: 0x43114433,
  core: 0x55053847,
  userns: 0x55474906,
  'ghost-file': 0x52583605,
  /** stats-dump, stats-restore: a service file, led by that word. */
  stats: 0x57093306,
} as const

export type ImageKind = keyof typeof MAGIC

const WORDS: ReadonlySet<number> = new Set([COMMON_MAGIC, SERVICE_MAGIC, ...Object.values(MAGIC)])

/** Whether the beginning of a file, 4 bytes at least, is that of one of CRIU's. */
export const isMagic = (start: Buffer): boolean =>
  start.length >= 4 && WORDS.has(start.readUInt32LE(0))
