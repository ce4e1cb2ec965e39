// The report of `scan` as one document, schema "criu-gc/1".
import { pathOf } from '../prepare-found.js'
import type { Stat } from '../sys/stat.js'
import { toIso } from '../time.js'
import { foundExit, foundTotals, verdictOf, type FoundReport, type ReportedName } from './found.js'
import { exit, List, name, SCHEMA, type Json } from './json.js'

export const foundToJson = (report: FoundReport): Json => ({
  schema: SCHEMA,
  command: 'scan',
  exit: exit(foundExit(report), report.interrupted),
  ...(report.window === undefined
    ? {}
    : { since: toIso(report.window.from), until: toIso(report.window.to) }),
  tops: report.tops.map(({ path, stat, row }) => ({
    ...name('path', path),
    device: deviceOf(stat),
    ...(row === undefined ? {} : { fstype: row.fstype }),
  })),
  directories: report.directories,
  otherMounts: report.otherMounts,
  dumps: report.images.map(({ checkpoint, isKept }) => ({
    imagesDir: checkpoint.directory,
    dump: checkpoint.dump,
    complete: checkpoint.complete,
    keep: isKept,
    listed: checkpoint.remaps.length,
  })),
  links: new List(report.names, linkJson),
  totals: foundTotals(report),
  unread: [...report.unread, ...report.unseen],
})

const linkJson = (reported: ReportedName): Json => {
  const { found, about, outcome } = reported
  const { stat, directory } = found
  return {
    ...name('link', pathOf(found)),
    ...(stat === undefined ? {} : statJson(stat)),
    directoryChangedAt: toIso(directory.stat.ctime),
    heldBy: about.heldBy,
    listedBy: about.listedBy,
    ...(outcome ?? {}),
    verdict: verdictOf(reported),
  }
}

/** The number may use all 64 bits, which no number of JSON does. */
const statJson = (stat: Stat): Json => ({
  device: deviceOf(stat),
  inode: String((BigInt(stat.inoHigh) << 32n) + BigInt(stat.inoLow)),
  mode: stat.mode,
  nlink: stat.nlink,
  size: stat.size,
  changedAt: toIso(stat.ctime),
  ...(stat.btime === undefined ? {} : { bornAt: toIso(stat.btime) }),
})

const deviceOf = ({ major, minor }: Pick<Stat, 'major' | 'minor'>): string => `${major}:${minor}`
