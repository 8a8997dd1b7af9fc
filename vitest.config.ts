import { env } from 'node:process';
import { configDefaults, defineConfig } from 'vitest/config';
import { TallyReporter } from './test/support/reporter.ts';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    // Faults at a running gateway take minutes and measure times: `npm run faults` runs them, which sets the seed.
    exclude: [...configDefaults.exclude, ...(env['FAULT_SEED'] === undefined ? ['test/faults/{guards,http,plane,process,record,stdio,stores,sweep}.test.ts'] : [])],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', new TallyReporter()],
  },
});
