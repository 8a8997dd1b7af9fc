/** `npm run format`: formats every source and sorts its imports. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const sources = ['src', 'ui', 'test', 'scripts', 'bin', 'bench', 'vitest.config.ts', '.dependency-cruiser.mjs'].filter((path) => existsSync(path));
const ended = spawnSync(process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'check', '--write', ...sources], { stdio: 'inherit' });
process.exitCode = ended.status ?? 1;
