// The report of `links` as one document, schema "criu-gc/1".
import { exit, List, name, SCHEMA, type Json } from './json.js'
import { linksExit, type LinksReport } from './links.js'
import type { ReportedRemap } from './report.js'

export const linksToJson = (found: LinksReport): Json => {
  const { report, links, missing } = found
  const { checkpoint } = report
  return {
    schema: SCHEMA,
    command: 'links',
    exit: exit(linksExit(found), report.interrupted),
    ...(checkpoint.directory === undefined ? {} : { imagesDir: checkpoint.directory }),
    dump: checkpoint.dump,
    complete: checkpoint.complete,
    links: new List(links, ({ path, reported }) => {
      const { size, mode, nlink } = reported.outcome
      return { ...name('path', path), ...named(reported), size, mode, nlink }
    }),
    missing: new List(missing, (reported) => ({ ...named(reported), ...reported.outcome })),
    totals: { links: links.length, missing: missing.length },
    notes: checkpoint.notes,
  }
}

const named = ({ planned: { remap } }: ReportedRemap): Json => ({
  id: remap.remapId,
  ...name('link', remap.link),
  ...name('original', remap.original.path),
})
