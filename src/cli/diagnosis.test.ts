import { expect, test } from 'vitest';
import type { ServerState } from '../contract/servers.ts';
import { diagnose, missingNames, similarNames } from './diagnosis.ts';
import { nearest } from './nearest.ts';

const failed = (lastError: string, stderrTail = ''): ServerState => ({
  name: 's',
  type: 'stdio',
  status: 'failed',
  since: '2026-01-01T00:00:00Z',
  pid: null,
  family: null,
  revision: null,
  isolation: { effective: 'shared', reason: 'configured' },
  connections: 0,
  restarts: 0,
  lastError,
  stderrTail,
  warnings: [],
  tools: null,
  prompts: null,
  resources: null,
  handshakeMs: null,
});

test.each([
  ['spawn uvx ENOENT', '', 'install it'],
  ['The process ended.', "Error: Cannot find module 'left-pad'", 'It lacks the package left-pad'],
  ['HTTP 401', '', 'refuses the credentials'],
  ['connect ECONNREFUSED 127.0.0.1:9', '', 'Nobody listens'],
  ['getaddrinfo ENOTFOUND x', '', 'host name is not known'],
  ['self-signed certificate', '', 'NODE_EXTRA_CA_CERTS'],
  ['initialize timed out', '', 'run its command by hand'],
  ['the process exited with code 3', 'boom', 'Its process ended'],
  ['something nobody has seen', '', 'See what it says with: metamcp servers s'],
])('%s %s is met with advice', (lastError, stderr, advice) => {
  const diagnosis = diagnose(failed(lastError, stderr), {});
  expect(diagnosis).toMatchObject({ isHealthy: false, problem: lastError });
  expect(diagnosis.advice[0]).toContain(advice);
});

test('a missing name is met with the names that are set and look alike, never with their values', () => {
  const { advice } = diagnose(failed('env.TOKEN: ${GITHUB_PAT} is missing'), { GITHUB_TOKEN: 'hidden', GH: 'x', HOME: '/' });
  expect(advice).toEqual(['Set GITHUB_PAT where the gateway starts (or in its .env file); here GITHUB_TOKEN is set: did you mean that?']);
});

test('names are alike by letters or by a telling word, and a common word is not telling', () => {
  expect(similarNames('OPENAI_API_KEY', ['OPENAI_KEY', 'GITHUB_API_KEY', 'OPENAI_APIKEY', 'PATH'])).toEqual(['OPENAI_APIKEY', 'OPENAI_KEY']);
  expect(missingNames('${A} and ${secret:B_C} and ${A}')).toEqual(['A', 'B_C']);
});

test('the nearest word is near, or none', () => {
  expect(nearest('sevre', ['serve', 'servers'])).toBe('serve');
  expect(nearest('xyz', ['serve', 'tools'])).toBeUndefined();
});
