// What this program knows of file systems by the name of their type.

/** mnt_entry.fstype, an enum whose numbers never changed; 16 (AUTO) takes `fsname`. */
export const CRIU_FSTYPES: readonly string[] = [
  'unsupported', 'proc', 'sysfs', 'devtmpfs', 'binfmt_misc', 'tmpfs', 'devpts', 'simfs', 'pstore',
  'securityfs', 'fusectl', 'debugfs', 'cgroup', 'aufs', 'mqueue', 'fuse', 'auto', 'overlay', 'autofs',
  'tracefs', 'rpc_pipefs', 'nfs', 'nfs4', 'cgroup2',
] // prettier-ignore
export const CRIU_FSTYPE_AUTO = 16

/** Their contents are gone when nothing has them mounted. */
export const IN_MEMORY: ReadonlySet<string> = new Set([
  'tmpfs', 'ramfs', 'hugetlbfs', 'devpts', 'mqueue', 'proc', 'sysfs', 'devtmpfs', 'cgroup', 'cgroup2',
  'debugfs', 'tracefs', 'securityfs', 'pstore', 'fusectl', 'binfmt_misc', 'autofs', 'rpc_pipefs',
]) // prettier-ignore

/** The kernel serves them by itself, from a disk or from memory. Any other is asked first. */
export const LOCAL: ReadonlySet<string> = new Set([
  'bcachefs', 'binfmt_misc', 'bpf', 'btrfs', 'cgroup', 'cgroup2', 'configfs', 'debugfs', 'devpts',
  'devtmpfs', 'efivarfs', 'erofs', 'exfat', 'ext2', 'ext3', 'ext4', 'f2fs', 'fusectl', 'hugetlbfs',
  'iso9660', 'jfs', 'mqueue', 'nilfs2', 'nsfs', 'ntfs3', 'overlay', 'proc', 'pstore', 'ramfs', 'reiserfs',
  'rootfs', 'securityfs', 'selinuxfs', 'squashfs', 'sysfs', 'tmpfs', 'tracefs', 'udf', 'vfat', 'xfs', 'zfs',
]) // prettier-ignore
