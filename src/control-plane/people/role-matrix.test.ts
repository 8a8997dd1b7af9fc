/** Who may do what: every role against every operation, over HTTP, as one table that is agreed on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPeople, type TestPeople } from '../../../test/support/start-people.ts';
import type { TestBrowser } from '../../../test/support/test-browser.ts';
import type { Operation } from '../../contract/operation.ts';
import { GRANTS } from '../../contract/roles.ts';
import { ROLES } from '../../model/role.ts';
import { OPERATIONS } from '../operations.ts';

let people: TestPeople;

beforeAll(async () => {
  people = await startPeople();
});

afterAll(() => people.close());

/** An address where nothing is, so that what is let in changes nothing. */
function addressOf({ path }: Operation): string {
  return path.replace(/\{(\w+)\}/g, (_, parameter: string) => (parameter === 'number' || parameter === 'other' ? '999999' : 'nothing-of-this-name'));
}

/** Whether the gateway looks at the request any further than at who sends it. */
async function isLetIn(browser: TestBrowser, operation: Operation): Promise<boolean> {
  const body = operation.body === undefined ? {} : { body: { 'no such field': 1 } };
  // What is let in to a stream would be sent for ever.
  const address = addressOf(operation) + (operation.stream === undefined ? '' : '?nothing=1');
  const answer = await browser.ask(operation.method, address, body);
  const isRefused = answer.body['code'] === 'auth.credential_missing' || answer.body['code'] === 'auth.scope_missing';
  return !isRefused;
}

test('[TN-04] the table of roles and operations is the one that was agreed on, and holds over HTTP', async () => {
  const browsers = new Map([['nobody', people.newBrowser()]]);
  for (const role of ROLES) browsers.set(role, await people.join(role));
  const rows: string[] = [];
  for (const { operation } of OPERATIONS) {
    const { id, method, path, access } = operation;
    const grant = access === 'public' ? undefined : GRANTS[access];
    const cells: string[] = [];
    for (const [name, browser] of browsers) {
      // Would end the sign-in that the rest is asked with.
      const isAsked = id !== 'signOut' || name === 'nobody';
      const isAllowed = grant === undefined || grant.roles.some((role) => role === name);
      if (isAsked) expect([id, name, await isLetIn(browser, operation)]).toEqual([id, name, isAllowed]);
      cells.push(isAllowed ? 'yes' : '-');
    }
    rows.push(`| ${[method, path, access, ...cells, grant?.needsReauth === true ? 'fresh proof' : ''].join(' | ')} |`);
  }
  const head = `| method | path | permission | ${[...browsers.keys()].join(' | ')} | |`;
  const text = `# Roles and operations\n\nMade from the contract by a test, which also tries each cell over HTTP.\n\n${head}\n|${' --- |'.repeat(browsers.size + 4)}\n${rows.join('\n')}\n`;
  await expect(text).toMatchFileSnapshot('../../../test/golden/roles-and-operations.md');
}, 60_000);
