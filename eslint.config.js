import js from '@eslint/js'
import tseslint from 'typescript-eslint'

// The rooms of src/, lowest first. What stands in one may import from itself, from rooms before it and
// from the files at the bottom of src/, never from a room after it.
const ROOMS = [
  'sys',
  'images',
  'checkpoint',
  'host',
  'proof',
  'runtimes',
  'plan',
  'network',
  'residue',
  'namespaces',
  'privilege',
  'collect',
  'prepare-living.ts',
  'prepare-left.ts',
  'prepare.ts',
  'prepare-found.ts',
  'prepare-list.ts',
  'network-scan.ts',
  'report',
  'gc.ts',
  'scan.ts',
  'cli',
  'calls.ts',
  'index.ts',
  'bin.ts',
  'launch.ts',
]

/** Files at the bottom: for all, and importing none but each other. */
const isRoom = /^(?!.*\.ts$)/

// A container's files are reached through src/sys alone. Images, the host's own /proc, what
// runtimes noted for themselves, CRIU's configuration and the report are not a container's.
const TOUCHES_FILES = ['images', 'host', 'runtimes', 'network', 'residue', 'cli']

const FILE_MODULES = ['fs', 'fs/promises', 'node:fs/promises']
  .map((name) => ({ name }))
  .concat({
    name: 'node:fs',
    allowImportNames: ['constants'],
    message: 'only src/sys touches files',
  })

const imports = (files, above, paths) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths,
        patterns: above.map((name) => ({
          regex: `^\\.{1,2}/(\\.\\./)*${name.replace(/\.ts$/, '\\.js$')}${isRoom.test(name) ? '/' : ''}`,
          message: 'an import runs back up: see the order of the rooms in eslint.config.js',
        })),
      },
    ],
  },
})

const room = (name, index) =>
  imports(
    [isRoom.test(name) ? `src/${name}/**/*.ts` : `src/${name}`],
    ROOMS.slice(index + 1),
    TOUCHES_FILES.includes(name) ? [] : FILE_MODULES,
  )

export default tseslint.config(
  {
    ignores: [
      ...['build', 'dist', 'out', 'node_modules', 'packages'],
      ...['.criu', '.node', '.sanitize', '.tap'],
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json' } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Its advice is the assertion that the strict set forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  imports(['src/*.ts'], ROOMS, FILE_MODULES),
  ...ROOMS.map(room),
  // What the program itself is made of is no file of a container's, either.
  imports(['src/sys/addon.ts'], ROOMS.slice(1), []),
  imports(['src/launch.ts'], ROOMS.slice(1), []),
  {
    // One thread, one order: after unshare(2) nothing may run anywhere else.
    files: ['src/**/*.ts'],
    ignores: ['src/index.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...['AwaitExpression', 'ImportExpression', 'FunctionDeclaration[async=true]'].map(
          (selector) => ({ selector, message: 'the command is synchronous' }),
        ),
        { selector: 'ArrowFunctionExpression[async=true]', message: 'the command is synchronous' },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', Buffer: 'readonly', URL: 'readonly' },
    },
  },
)
