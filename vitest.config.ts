import { defineConfig } from 'vitest/config';

/** One project a folder of test/, so that `vitest run --project unit` needs no build. */
function folder(name: string, timeoutMs: number) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
    },
  };
}

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      folder('unit', 20_000),
      folder('integration', 60_000),
      folder('hazards', 300_000),
      folder('package', 300_000),
      folder('gpu', 60_000),
      {
        extends: true,
        test: { name: 'tidy', include: ['test/tidy.test.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
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
});
