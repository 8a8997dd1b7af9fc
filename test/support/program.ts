/** What tests and measurements start: the program as users start it where an npm script made it, else its sources. */
import { fileURLToPath } from 'node:url';

/** The file to start, without `serve` or any other command. */
export const MAIN = process.env['METAMCP_PROGRAM'] ?? fileURLToPath(new URL('../../src/main.ts', import.meta.url));
