import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'build', 'node_modules', '.nodes', '.cache'] },
  js.configs.recommended,
  {
    files: ['bin/**/*.ts', 'lib/**/*.ts', 'spec/**/*.ts', 'benchmarks/**/*.ts'],
    ignores: ['spec/fixtures/**'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/require-await': 'off',
      'no-console': 'error',
    },
  },
  {
    files: ['spec/**/*.ts', 'benchmarks/**/*.ts'],
    rules: { '@typescript-eslint/no-unused-expressions': 'off', 'no-console': 'off' },
  },
  {
    files: ['spec/fixtures/**/*.ts', 'examples/**/*.ts', '*.ts'],
    extends: [tseslint.configs.recommended],
  },
  {
    files: ['**/*.{js,mjs,cjs}', 'spec/fixtures/**', 'examples/**', '*.ts'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'Buffer',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'clearTimeout',
          'clearInterval',
          'URL',
          'fetch',
          'Response',
          'Request',
          'performance',
          'require',
          'module',
          'exports',
          '__dirname',
          'globalThis',
          'crypto',
          'WebAssembly',
          'AbortSignal',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  prettier,
);
