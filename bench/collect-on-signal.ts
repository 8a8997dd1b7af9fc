/** Loaded into a measured process: SIGUSR2 collects its garbage, so that what is left is what is held. */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) process.on('SIGUSR2', () => globalThis.gc?.());
