// One project a folder of test/: `vitest run --project unit` needs no build. A CommonJS module, as
// package.json says of .ts files, so that every way Vite has of loading this file can load it.
module.exports = {
  test: {
    pool: 'forks',
    projects: [
      ...Object.entries({
        unit: 20_000,
        integration: 60_000,
        hazards: 300_000,
        package: 300_000,
        gpu: 60_000,
      }).map(([name, timeoutMs]) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          testTimeout: timeoutMs,
          hookTimeout: timeoutMs,
        },
      })),
      { test: { name: 'tidy', include: ['test/tidy.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/tsconfig.json',
          },
        },
      },
    ],
  },
} satisfies import('vitest/config').ViteUserConfig;
