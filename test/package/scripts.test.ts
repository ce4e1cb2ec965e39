// What the scripts that make packages decide by themselves.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { refused } from '../rig/program-parts.js'
import { inRepo } from '../rig/repo.js'

const load = async <T>(name: string): Promise<T> =>
  (await import(inRepo('scripts', 'package', name))) as T

const { isNewer } = await load<{ isNewer: (a: string, b: string) => boolean }>('symbols.mjs')

interface Texts {
  command: string
  manual: Buffer
  copyright: string
}
const { textsOf } = await load<{
  textsOf: (flavour: object, repo: string, licence: string) => Texts
}>('stage.mjs')

t.test('versions of libraries are numbers, not text', (t) => {
  t.ok(isNewer('2.14', '2.4'))
  t.notOk(isNewer('2.4', '2.14'))
  t.ok(isNewer('3.4.21', '3.4'))
  t.notOk(isNewer('3.4', '3.4.21'))
  t.notOk(isNewer('2.17', '2.17'))
  t.ok(isNewer('3.0', '2.99'))
  t.end()
})

t.test(
  'the command of a system package knows its Node, and clears the environment as ever',
  (t) => {
    const built = readFileSync(inRepo('dist', 'criu-gc.cjs'), 'utf8')
    const [before = ''] = built.split('\n')
    const { command, manual } = textsOf({ node: '/usr/bin/node', ownNode: false }, inRepo(), '')
    const [line = ''] = command.split('\n')
    t.match(line, /^#!\/usr\/bin\/env -S -i .* \/usr\/bin\/node$/)
    t.equal(line.replace('/usr/bin/node', 'node'), before)
    t.ok(line.length < 256, 'the kernel reads no more of it')
    t.equal(command.slice(line.length), built.slice(before.length), 'nothing else is changed')
    t.equal(gunzipSync(manual).toString(), readFileSync(inRepo('man', 'criu-gc.8'), 'utf8'))
    t.end()
  },
)

const { makeCache } = await load<{
  makeCache: (
    platform: { arch: string },
    node: string,
    paths: { repo: string; work: string },
  ) => string | undefined
}>('code-cache.mjs')

t.test('the code cache is what that Node takes for this program', (t) => {
  const paths = { repo: inRepo(), work: t.testdir({}) }
  const file = makeCache({ arch: process.arch }, process.execPath, paths)!
  t.strictSame(refused(inRepo('dist', 'program.cjs'), file), [false, false])
  t.equal(makeCache({ arch: 'other' }, '/nowhere', paths), undefined, 'of another processor')
  t.end()
})

interface Content {
  to: string
  from?: string
}
const { contentsOf, FLAVOURS } = await load<{
  contentsOf: (flavour: object, of: object) => Content[]
  FLAVOURS: { name: string; ownNode: boolean }[]
}>('flavours.mjs')

t.test('it lies beside the program, where there is one', (t) => {
  const texts = textsOf({ node: '/node', ownNode: false }, inRepo(), '')
  const of = (cache?: string): (string | undefined)[] =>
    contentsOf(FLAVOURS[0]!, { repo: inRepo(), prebuilds: '/p', arch: 'x64', cache, texts })
      .filter(({ to }) => to.endsWith('.cache'))
      .flatMap(({ to, from }) => [to, from])
  t.strictSame(of('/made/program.cache'), [
    '/usr/lib/criu-gc/dist/program.cache',
    '/made/program.cache',
  ])
  t.strictSame(of(), [])
  t.end()
})

t.test('the licence of Node goes where Node goes', (t) => {
  const of = (ownNode: boolean): string =>
    textsOf({ node: '/node', ownNode }, inRepo(), 'licence of Node').copyright
  t.match(of(true), 'licence of Node')
  t.notMatch(of(false), 'licence of Node')
  for (const own of [true, false]) t.match(of(own), /Apache License[^]*protobufjs/)
  t.end()
})
