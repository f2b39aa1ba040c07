// The walls of the house (docs/architecture.md) and a few rules that guard meaning. Prettier decides layout.
// Run through nx: without a project graph the boundary rule skips itself silently; tools/walls.test.ts is the canary.
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Who may import which project, by tag. The arrows of docs/architecture.md, nothing else. */
const walls = [
  { sourceTag: 'room:jwk', onlyDependOnLibsWithTags: ['room:jwk'] },
  { sourceTag: 'room:policy', onlyDependOnLibsWithTags: ['room:policy'] },
  { sourceTag: 'room:oauth2', onlyDependOnLibsWithTags: ['room:oauth2', 'room:jwk'] },
  { sourceTag: 'layer:contract', onlyDependOnLibsWithTags: ['layer:contract'] },
  { sourceTag: 'tech:postgres', onlyDependOnLibsWithTags: ['tech:postgres', 'layer:domain'] },
  { sourceTag: 'tech:redis', onlyDependOnLibsWithTags: ['tech:redis', 'layer:domain'] },
  { sourceTag: 'layer:kit', onlyDependOnLibsWithTags: ['layer:kit', 'layer:contract'] },
  {
    sourceTag: 'layer:service',
    onlyDependOnLibsWithTags: ['layer:domain', 'layer:adapter', 'layer:contract', 'layer:kit'],
  },
  { sourceTag: 'layer:door', onlyDependOnLibsWithTags: ['layer:domain', 'layer:contract', 'layer:kit'] },
  { sourceTag: 'layer:client', onlyDependOnLibsWithTags: ['layer:contract', 'room:sdk'] },
  { sourceTag: 'room:consent', onlyDependOnLibsWithTags: ['room:consent', 'room:sdk'] },
  {
    sourceTag: 'layer:host',
    onlyDependOnLibsWithTags: [
      'layer:domain',
      'layer:adapter',
      'layer:contract',
      'layer:kit',
      'layer:service',
      'layer:door',
      'layer:client',
      'layer:host',
    ],
  },
];

/** npm packages that may be imported, where a room is narrow about them. */
const packages = {
  'libs/jwk': ['jose', 'zod'],
  'libs/policy': ['zod', 're2js'],
  'libs/oauth2': ['jose', 'zod'],
  'libs/rpc': ['@grpc/grpc-js', '@bufbuild/protobuf', '@bufbuild/protobuf/*'],
  'libs/postgres': ['typeorm', 'typeorm/*', 'pg'],
  'libs/redis': ['ioredis', 'lru-cache'],
};

const adapters = ['typeorm', 'pg', 'ioredis'];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'libs/rpc/src/gen/**', '.nx/**'] },
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx, '@typescript-eslint': tseslint.plugin },
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { depConstraints: walls, enforceBuildableLibDependency: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'prefer-const': 'error',
    },
  },
  ...Object.entries(packages).map(([folder, allowed]) => ({
    files: [`${folder}/src/**/*.ts`],
    ignores: ['**/*.test.ts', '**/*.contract.ts', '**/testing/**', '**/testing.ts', 'libs/rpc/src/gen/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(?!\\.|node:|@castellan/|(${allowed.map((name) => name.replace('/*', '/.*')).join('|')})$)`,
              message: `${folder} may import only ${allowed.join(', ')} (docs/architecture.md).`,
            },
          ],
        },
      ],
    },
  })),
  {
    // The domain has no clock, no randomness, no environment, no network of its own: they are passed in.
    files: ['libs/{jwk,policy,oauth2}/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.contract.ts', '**/testing/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^node:(?!crypto$)', message: 'The domain imports no node built-in but node:crypto.' },
            { group: ['@nestjs/*'], message: 'Nest appears only in edge files.' },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'setTimeout', 'setInterval', 'fetch', 'performance'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Pass the clock in.' },
        { object: 'Math', property: 'random', message: 'Pass randomness in.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Pass the clock in.' },
      ],
    },
  },
  {
    // Policy text never reaches the engine of the language: it backtracks (docs/adr: patterns on a linear-time engine).
    files: ['libs/policy/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: {
      'no-restricted-globals': ['error', 'RegExp', 'process', 'setTimeout', 'setInterval', 'fetch', 'performance'],
    },
  },
  {
    // The kit, the doors and the services do not know the drivers.
    files: ['libs/service/src/**/*.ts', 'apps/{gateway,admin,keys,warden,token,consent}/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: adapters.map((name) => ({ name, message: 'Use the adapter lib.' })) },
      ],
    },
  },
  {
    // Decorators stay in edge files: Nest is imported only where a suffix says so.
    files: ['apps/{gateway,admin,keys,warden,token}/src/**/*.ts'],
    ignores: ['**/*.{http,grpc,guard,module,config,filter,test}.ts', '**/main.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@nestjs/*'], message: 'Nest appears only in files with a suffix.' }] },
      ],
    },
  },
  {
    files: ['**/*.test.ts', '**/*.contract.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'error', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
