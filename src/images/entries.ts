// The few messages of CRIU's images that a clean-up reads, by field number. A number that is not
// listed is skipped. "since" is the CRIU release that first wrote the field.
import {
  bool,
  bytes,
  entry,
  message,
  optional,
  required,
  sint32,
  uint32,
  uint64,
} from './message.js'
import type { Decoded } from './message.js'

/** ids-PID.img and inventory.root_ids. Ids are CRIU's own, from 1, and mean something only here. */
const taskKobjIds = {
  pid_ns_id: optional(5, uint32),
  net_ns_id: optional(6, uint32),
  ipc_ns_id: optional(7, uint32),
  uts_ns_id: optional(8, uint32),
  mnt_ns_id: optional(9, uint32),
  user_ns_id: optional(10, uint32),
  time_ns_id: optional(12, uint32), // since 3.14
}
export type TaskKobjIds = Decoded<typeof taskKobjIds>
export const decodeIds = entry(taskKobjIds)

const inventory = {
  img_version: required(1, uint32),
  fdinfo_per_id: optional(2, bool),
  root_ids: optional(3, message(taskKobjIds)),
  ns_per_id: optional(4, bool),
  pre_dump_mode: optional(9, uint32), // since 3.14, pre-dump only
}
export type InventoryEntry = Decoded<typeof inventory>
export const decodeInventory = entry(inventory)

const pstree = {
  pid: required(1, uint32),
  ppid: required(2, uint32),
}
export type PstreeEntry = Decoded<typeof pstree>
export const decodePstree = entry(pstree)

/** Link remaps have the first four only; the original's entry has the rest. */
const regFile = {
  id: required(1, uint32),
  flags: required(2, uint32),
  pos: required(3, uint64),
  name: required(6, bytes),
  mnt_id: optional(7, sint32), // since 1.3, only where the tree had its own mount namespace
  size: optional(8, uint64), // since 1.3.1
  ext: optional(9, bool), // since 2.0
  mode: optional(10, uint32), // since 2.4
}
export type RegFileEntry = Decoded<typeof regFile>
export const decodeRegFile = entry(regFile)

export const FD_TYPE_REG = 1
const file = {
  type: required(1, uint32),
  id: required(2, uint32),
  reg: optional(3, message(regFile)),
}
export type FileEntry = Decoded<typeof file>
export const decodeFile = entry(file)

/** `remap_type` is a plain number: a value from the future must not turn into "absent". */
const remapFilePath = {
  orig_id: required(1, uint32),
  remap_id: required(2, uint32),
  remap_type: optional(3, uint32), // absent for links before 2.9
}
export type RemapFilePathEntry = Decoded<typeof remapFilePath>
export const decodeRemapFilePath = entry(remapFilePath)
export const REMAP_TYPE = { linked: 0, ghost: 1, procfs: 2 } as const

const mnt = {
  fstype: required(1, uint32),
  mnt_id: required(2, uint32),
  root_dev: required(3, uint32), // (major << 20) | minor
  parent_mnt_id: required(4, uint32),
  flags: required(5, uint32),
  root: required(6, bytes),
  mountpoint: required(7, bytes),
  source: required(8, bytes),
  options: required(9, bytes),
  with_plugin: optional(12, bool),
  ext_mount: optional(13, bool), // 1.3 to 2.x: `root` holds the key
  fsname: optional(14, bytes), // since 1.6, only with fstype AUTO
  deleted: optional(16, bool), // since 1.7
  sb_flags: optional(17, uint32), // since 1.8; before, in `flags`
  ext_key: optional(18, bytes), // since 3.0
}
export type MntEntry = Decoded<typeof mnt>
export const decodeMnt = entry(mnt)
