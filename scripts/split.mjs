// The program in two parts, of which the second is loaded where it is asked for: what most runs do not need costs
// them time to read, to check and to give to V8. The sources know nothing of it.
import { relative, resolve } from 'node:path'
import { build } from 'esbuild'

/**
 * The doors to the second part: files whose functions are called by the first one, before anything is given up or
 * constructed. From then on nothing is loaded any more. What only they import comes along.
 */
const DOORS = [
  'src/cli/completion/completion.ts',
  'src/cli/list.ts',
  'src/cli/network-scan.ts',
  'src/cli/run-log.ts',
  'src/cli/scan.ts',
  'src/collect/ghosts.ts',
  'src/host/living/living.ts',
  'src/images/archive.ts',
  'src/namespaces/enter.ts',
  'src/network/busy.ts',
  'src/network/descriptors.ts',
  'src/network/find.ts',
  'src/network/undo.ts',
  'src/prepare-living.ts',
  'src/report/told.ts',
  'src/residue/find.ts',
  'src/residue/undo.ts',
  'src/runtimes/all.ts',
  'src/runtimes/archive.ts',
  'src/runtimes/derive.ts',
  'src/runtimes/directories.ts',
  'src/runtimes/find.ts',
  'src/runtimes/netns.ts',
  'src/runtimes/walk.ts',
]

/** By file: the names of all values that it exports. */
const exportsOf = async (files) => {
  const options = { outbase: '.', outdir: '.', format: 'esm', write: false, metafile: true }
  const { metafile } = await build({ entryPoints: files, ...options })
  const made = Object.values(metafile.outputs)
  return new Map(made.map(({ entryPoint, exports }) => [entryPoint, exports]))
}

/** Wherever a source is imported for which `find` has another text, that one is taken. */
const replacing = (find) => ({
  name: 'replacing',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
      const file = relative('.', resolve(resolveDir, path)).replace(/\.js$/, '.ts')
      return find(file) === undefined ? undefined : { path: file, namespace: 'other' }
    })
    onLoad({ filter: /./, namespace: 'other' }, ({ path }) => ({ contents: find(path) }))
  },
})

const quoted = JSON.stringify

/** A source of its own, in the folder of the others. */
const written = (contents) => ({ stdin: { contents, resolveDir: '.', loader: 'ts' } })

/** What the second part may ask of the first: nothing is made of it before. */
const registry = (exported) => {
  const files = [...exported]
  const imports = files.map(([file, names], at) => {
    const renamed = names.map((name) => `${name} as ${name}_${at}`).join(', ')
    return `import { ${renamed} } from ${quoted(`./${file}`)}`
  })
  const values = files.map(([file, names], at) => {
    const fields = names.map((name) => `${name}: ${name}_${at}`).join(', ')
    return `${quoted(file)}: { ${fields} }`
  })
  return `${imports.join('\n')}\nmore.shared = () => ({ ${values.join(', ')} })`
}

/**
 * The two parts of what `entry` runs. The first is a function of `require`, `directory`, `note` and `more`, which loads
 * the second: a function of `require` and of what it shares with the first.
 */
export const buildParts = async (entry, common) => {
  const options = { ...common, format: 'cjs', charset: 'ascii', write: false, metafile: true }
  const names = await exportsOf(DOORS)
  // Asked for when it is used, not when it is imported.
  const doors = replacing((file) => {
    const getters = names
      .get(file)
      ?.map((name) => `get ${name}() { return more()[${quoted(file)}].${name} }`)
    return getters && `module.exports = { ${getters.join(', ')} }`
  })
  const firstOptions = { ...options, plugins: [doors, ...options.plugins] }
  const { metafile } = await build({ ...firstOptions, entryPoints: [entry] })
  const inputs = Object.keys(metafile.inputs).filter((file) => /^src\/.*\.ts$/.test(file))
  const exported = await exportsOf(inputs)
  const shared = new Map()
  // Plain values: an object of getters for each of these files would take longer than to load them.
  const inFirst = replacing((file) => {
    const values = exported.get(file)
    if (values === undefined) return undefined
    shared.set(file, values)
    const list = values.join(', ')
    return `const { ${list} } = shared[${quoted(file)}]\nexport { ${list} }`
  })
  const all = DOORS.map((file, at) => `export * as door${at} from ${quoted(`./${file}`)}\n`)
  const opened = DOORS.map((file, at) => `${quoted(file)}: module.exports.door${at}`)
  const second = await build({
    ...{ ...options, ...written(all.join('')) },
    plugins: [inFirst, ...options.plugins],
    banner: { js: '(function (require, shared) { "use strict";\nconst module = { exports: {} };' },
    footer: { js: `return { ${opened.join(', ')} } })` },
  })
  const sharing = registry(shared)
  const first = await build({
    ...firstOptions,
    ...written(`import 'registry'\nimport ${quoted(`./${entry}`)}`),
    plugins: [providing('registry', sharing), ...firstOptions.plugins],
    banner: { js: '(function (require, directory, note, more) { "use strict";' },
    footer: { js: '})' },
  })
  return [first, second]
}

const providing = (name, contents) => ({
  name,
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: name }))
    onLoad({ filter: /./, namespace: name }, () => ({ contents, resolveDir: '.', loader: 'ts' }))
  },
})
