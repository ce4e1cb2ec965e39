import js from '@eslint/js'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['build', 'dist', 'out', '.criu', '.sanitize', '.tap', 'node_modules'] },
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
  {
    // A container's files are reached through src/sys alone. Images, the host's own /proc, CRIU's
    // configuration and the report are not a container's.
    files: ['src/**/*.ts'],
    ignores: [
      'src/images/directory.ts',
      'src/images/side-files.ts',
      'src/host/*.ts',
      'src/cli/*.ts',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['fs', 'fs/promises', 'node:fs/promises']
            .map((name) => ({ name }))
            .concat({
              name: 'node:fs',
              allowImportNames: ['constants'],
              message: 'only src/sys touches files',
            }),
        },
      ],
    },
  },
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
