// The published JSON Schema: it is that of the types, it takes what is printed, and nothing else.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { GcError } from '../src/errors.js'
import { foundToJson } from '../src/report/found-json.js'
import { errorToJson, toJson } from '../src/report/json.js'
import { linksOf } from '../src/report/links.js'
import { linksToJson } from '../src/report/links-json.js'
import { listToJson } from '../src/report/list-json.js'
import { networkToJson } from '../src/report/network.js'
import { must } from './rig/command.js'
import { inRepo, node } from './rig/repo.js'
import { SCHEMA_FILE, schemaProblem } from './rig/schema.js'
import { bytes, constructed, EVIL, OUTCOMES, report, reported, ROOT } from './unit/report/build.js'
import { at, b, checkpoint, stat } from './unit/support/model.js'

type Document = Record<string, unknown>

/** as a reader gets it */
const printed = (document: object): Document => JSON.parse(JSON.stringify(document)) as Document

const RAW = bytes(0x2f, 0xff)

const shown = report(
  Object.values(OUTCOMES).map((outcome, index) => reported(outcome, index, ROOT, EVIL)),
  {
    mounts: [
      constructed(ROOT, { kind: 'external', key: RAW, path: RAW, sub: RAW }),
      constructed(ROOT, { kind: 'stand-in' }, { contents: 'stand-in', problem: 'it is not there' }),
    ],
    others: [{ directory: RAW, names: [RAW] }],
    derived: [{ words: ['--root', '/r'], from: '/bundle/config.json' }],
    interrupted: 'SIGTERM',
    checkpoint: { directory: '/i', unlisted: [{ id: 4, link: RAW }], notes: [EVIL] },
  },
)
const TOP = { fd: 3, path: RAW, stat: stat(), row: undefined, isRemote: false }

const DOCUMENTS: Record<string, Document> = {
  show: printed(toJson(shown)),
  links: printed(linksToJson(linksOf({ ...shown, command: 'show' }))),
  scan: printed(
    foundToJson({
      tops: [TOP],
      images: [{ checkpoint: checkpoint({ directory: '/i' }), isKept: true }],
      window: { from: at(1), to: at(2) },
      names: [
        {
          found: {
            directory: { top: TOP, path: b('/a'), stat: stat() },
            name: b('link_remap.4'),
            stat: stat(),
          },
          about: { heldBy: ['x'], listedBy: ['/i'], wantedBy: undefined, isMountpoint: false },
          outcome: OUTCOMES.kept,
        },
      ],
      directories: 1,
      otherMounts: 0,
      unread: ['/x (EIO)'],
      unseen: [],
      interrupted: undefined,
    }),
  ),
  network: printed(
    networkToJson({
      namespaces: 2,
      rows: [{ kind: 'chain', what: 'CRIU', where: 'here', verdict: 'kept', reason: 'foreign' }],
      unread: [],
      interrupted: undefined,
    }),
  ),
  list: printed(
    listToJson({
      containers: [],
      unlooked: [{ where: '/x', message: 'EIO' }],
      command: 'list',
      runs: new Map(),
      interrupted: undefined,
    }),
  ),
  error: printed(errorToJson(new GcError('busy', 'held', { where: '/i', next: 'wait' }), 'clean')),
}

/** what may be missing at the top of one */
const OPTIONAL = ['imagesDir', 'writtenAt', 'since', 'until']

type Place = [path: string, value: unknown, put: (to: unknown) => void]

/** each value with a function that puts another in its place */
function* places(value: unknown): Generator<Place> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const holder = value as Document
    yield [key, inner, (to) => (holder[key] = to)]
    for (const [path, one, put] of places(inner)) yield [`${key}.${path}`, one, put]
  }
}

t.test('it is what the types say: else run "npm run schema"', (t) => {
  const made = join(t.testdir(), 'made.json')
  must('env', ['-C', inRepo(), '-u', 'NODE_OPTIONS', node, 'scripts/schema.mjs', made])
  t.equal(readFileSync(SCHEMA_FILE, 'utf8'), readFileSync(made, 'utf8'))
  t.end()
})

for (const [kind, document] of Object.entries(DOCUMENTS))
  t.test(`a document of ${kind}`, (t) => {
    t.equal(schemaProblem(document), undefined, 'is one')

    const refused = (what: string, change: (copy: Document) => void): void => {
      const copy = structuredClone(document)
      change(copy)
      t.type(schemaProblem(copy), 'string', what)
    }
    for (const key of Object.keys(document))
      if (!OPTIONAL.includes(key))
        refused(`without ${key}`, (copy) => Reflect.deleteProperty(copy, key))
    refused('with another schema', (copy) => (copy.schema = 'criu-gc/2'))
    refused('with another command', (copy) => (copy.command = 'restore'))
    refused('with a key more', (copy) => (copy.surplus = 1))
    const paths = [...places(document)].map(([path, value]) => ({ path, value }))
    for (const [index, { path, value }] of paths.entries()) {
      const put = (copy: Document, to: (old: unknown) => unknown): void => {
        const [, old, change] = [...places(copy)][index] as Place
        change(to(old))
      }
      refused(`${path} of another type`, (copy) => put(copy, () => 0.5))
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        refused(`${path} with a key more`, (copy) =>
          put(copy, (old) => ({ ...(old as object), surplus: 1 })),
        )
    }
    t.end()
  })
