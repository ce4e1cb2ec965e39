import { GcError } from '../../../src/errors.js'
import type { Container, Look, Runtime } from '../../../src/runtimes/container.js'
import { walk } from '../../../src/runtimes/walk.js'
import { test } from '../support/check.js'

const container = (home: string, runtime = 'a'): Container => ({
  ...{ runtime, id: home, name: undefined, home, workDir: undefined, process: undefined },
  ...{ roots: [], mounts: [], images: [] },
})

const runtime = (name: string, places: readonly string[]): Runtime => ({
  ...{ name, places, find: () => [], all: () => [] },
})

const at = (home: string, ...found: Container[]): Look => ({ home, look: () => found })

const refusing = (): never => {
  throw new GcError('refused', 'not to be believed')
}

test('each place of each runtime, and each container once: as the first has it', (t) => {
  const asked: string[] = []
  const found = walk({
    ...{ runtime: undefined, runtimeRoot: undefined },
    runtimes: [runtime('a', ['/1', '/2']), runtime('b', ['/2'])],
    looks: ({ name }, place) => {
      asked.push(`${name} ${place}`)
      return [at(place, container(place, name))]
    },
    onRefused: refusing,
  })
  t.strictSame(asked, ['a /1', 'a /2', 'b /2'])
  t.strictSame(
    found.map((one) => [one.home, one.runtime]),
    [
      ['/1', 'a'],
      ['/2', 'a'],
    ],
  )
})

test('the one that is asked for, in the place that is told', (t) => {
  const asked: string[] = []
  walk({
    ...{ runtime: 'b', runtimeRoot: '/told' },
    runtimes: [runtime('a', ['/1']), runtime('b', ['/2'])],
    looks: ({ name }, place) => {
      asked.push(`${name} ${place}`)
      return []
    },
    onRefused: refusing,
  })
  t.strictSame(asked, ['b /told'])
})

test('what is refused is said with its place, and the rest is looked at', (t) => {
  const refused: string[] = []
  const broken: Runtime = {
    ...runtime('broken', []),
    get places() {
      return refusing()
    },
  }
  const found = walk({
    ...{ runtime: undefined, runtimeRoot: undefined },
    runtimes: [broken, runtime('a', ['/1', '/2'])],
    looks: (_, place) =>
      place === '/1'
        ? refusing()
        : [{ home: '/2/bad', look: refusing }, at('/2/good', container('/2/good'))],
    onRefused: (_, where) => refused.push(where),
  })
  t.strictSame(refused, ['broken', '/1', '/2/bad'])
  t.strictSame(
    found.map(({ home }) => home),
    ['/2/good'],
  )
})

test('an error of another kind is a bug, and goes on', (t) => {
  const bug = (): never => {
    throw new TypeError('a bug')
  }
  const asked = { runtime: undefined, runtimeRoot: '/1', runtimes: [runtime('a', [])] }
  t.throws(() => walk({ ...asked, looks: bug, onRefused: refusing }), TypeError)
})
