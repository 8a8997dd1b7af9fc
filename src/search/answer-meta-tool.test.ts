import { expect, test } from 'vitest';
import { SAMPLE_SERVERS } from '../../test/search/sample-servers.ts';
import { answerMetaTool, type MetaToolAnswer, type MetaToolContext } from './answer-meta-tool.ts';
import { NOTHING_LEARNED } from './learned-terms.ts';
import { isMetaToolName, metaToolDefinitions, visibleServers } from './meta-tools.ts';
import { SearchIndex } from './search-index.ts';
import { createView } from './search-view.ts';
import { estimateTokens } from './token-estimate.ts';

const context: MetaToolContext = {
  view: createView(SearchIndex.of(SAMPLE_SERVERS), () => true),
  learned: NOTHING_LEARNED,
  isTrustedToRead: (tool) => !tool.exposed.startsWith('disk__'),
  needsSignIn: (server) => server === 'github',
  hasStructuredContent: true,
};

function textOf(answer: MetaToolAnswer): string {
  if (answer.kind !== 'result') throw new Error(`expected a result, got a ${answer.kind}`);
  return String((answer.result['content'] as { text: string }[])[0]?.text);
}

test('the answer to one query is rows of signature and sentence under their bands', () => {
  const answer = answerMetaTool('search_tools', { queries: ['open a new issue in a repository'], limit: 2 }, context);
  expect(textOf(answer)).toBe(
    [
      'strong:',
      'github__create_issue(owner, repo, title, body?) Open a new issue in a repository [needs sign-in]',
      'gitlab__create_issue(project, title) Open a new issue in a project',
    ].join('\n'),
  );
  expect(answer).toMatchObject({
    result: {
      structuredContent: {
        strong: [
          { id: 'github__create_issue', use: '(owner, repo, title, body?) Open a new issue in a repository', flags: ['needs sign-in'] },
          { id: 'gitlab__create_issue' },
        ],
      },
    },
  });
});

test('a row that answers two queries stands once', () => {
  const text = textOf(answerMetaTool('search_tools', { queries: ['resize a picture', 'resize_image'], limit: 1 }, context));
  expect(text.split('images__resize_image(')).toHaveLength(2);
  expect(text).toContain('also, above: images__resize_image');
});

test('nothing strong is said, with the servers that come nearest', () => {
  expect(textOf(answerMetaTool('search_tools', { queries: ['zebras and quaggas in a repository'] }, context))).toMatch(
    /^No strong match\. Nearest servers: github/,
  );
});

test('flags say what a tool says of itself, and clones stand beside their row', () => {
  const text = textOf(answerMetaTool('search_tools', { queries: ['read the contents of a file', 'write text to a file'], limit: 1 }, context));
  expect(text).toContain('files__read_file(path) Read the contents of a file [read-only] alts: disk__read_file');
  expect(text).toContain('[destructive]');
});

test('detail name gives names, detail full whole definitions', () => {
  expect(textOf(answerMetaTool('search_tools', { queries: ['run a sql query'], limit: 1, detail: 'name' }, context))).toMatch(/^\w+:\nsql__run_query$/);
  expect(textOf(answerMetaTool('search_tools', { queries: ['run a sql query'], limit: 1, detail: 'full' }, context))).toContain(
    '"inputSchema":{"type":"object","properties":{"sql"',
  );
});

test('clients without structured content get text alone', () => {
  const answer = answerMetaTool('search_tools', { queries: ['files'] }, { ...context, hasStructuredContent: false });
  expect(answer).not.toHaveProperty('result.structuredContent');
});

test.each([[{ query: 'read a file' }], [{ queries: 'read a file' }]])('a query in another place is understood: %j', (given) => {
  expect(textOf(answerMetaTool('search_tools', given, context))).toContain('files__read_file');
});

test.each([
  [{}, 'queries: expected'],
  [{ queries: Array.from({ length: 9 }, () => 'a') }, 'queries: expected'],
  [{ queries: ['a'], limit: 0 }, 'limit: expected'],
  [{ queries: ['a'], detail: 'all' }, 'detail: expected'],
  [{ queries: ['a'], server: 'nowhere' }, 'server: unknown. Servers: bing-cn, calendar'],
])('what cannot be understood is an error that the model can read: %j', (given, says) => {
  const answer = answerMetaTool('search_tools', given, context);
  expect(answer).toMatchObject({ result: { isError: true } });
  expect(textOf(answer)).toContain(says);
});

test('describing gives whole definitions and says which names are unknown', () => {
  const answer = answerMetaTool('describe_tools', { names: ['sql__run_query', 'github/create_issue', 'sql__run_qery'] }, context);
  expect(answer).toMatchObject({ result: { structuredContent: { tools: [{ name: 'sql__run_query' }, { name: 'github__create_issue' }] } } });
  expect(textOf(answer)).toContain('Unknown tool "sql__run_qery". Did you mean');
});

const wanted = { kind: 'call', tool: { exposed: 'sql__run_query' }, arguments: { sql: 'select 1' } };

test.each([
  [{ name: 'sql__run_query', arguments: { sql: 'select 1' } }],
  [{ name: 'sql__run_query', arguments: '{"sql":"select 1"}' }],
  [{ name: 'sql__run_query', sql: 'select 1' }],
  [{ tool: 'sql__run_query', args: { sql: 'select 1' } }],
  [{ arguments: { name: 'sql__run_query', arguments: { sql: 'select 1' } } }],
  [{ name: 'run_query', arguments: { sql: 'select 1' } }],
  [{ name: 'sql.run_query', params: { sql: 'select 1' } }],
])('a call becomes the call of the real tool, misplaced names put right: %j', (given) => {
  expect(answerMetaTool('call_tool', given, context)).toMatchObject(wanted);
});

test('invalid arguments are not sent but answered with what is wrong and the schema', () => {
  const answer = answerMetaTool('call_tool', { name: 'sql__run_query', arguments: { query: 'select 1' } }, context);
  expect(answer).toMatchObject({ kind: 'result', result: { isError: true } });
  expect(textOf(answer)).toContain("arguments: must have required property 'sql'");
  expect(textOf(answer)).toContain('arguments: unknown property "query"');
  expect(textOf(answer)).toContain('Schema of sql__run_query: {"type":"object"');
});

test('a name that two tools have is not guessed', () => {
  const answer = answerMetaTool('call_tool', { name: 'create_issue', arguments: {} }, context);
  expect(textOf(answer)).toMatch(/^Unknown tool "create_issue"\. Did you mean github__create_issue, gitlab__create_issue,/);
});

test('call_read_tool calls only what says that it reads and is trusted to say so', () => {
  expect(answerMetaTool('call_read_tool', { name: 'files__read_file', arguments: { path: 'a' } }, context).kind).toBe('call');
  expect(textOf(answerMetaTool('call_read_tool', { name: 'disk__read_file', arguments: { path: 'a' } }, context))).toContain('use call_tool');
  expect(textOf(answerMetaTool('call_read_tool', { name: 'sql__run_query', arguments: { sql: 'a' } }, context))).toContain('use call_tool');
});

test('the meta-tools cost the same small sum however many servers there are', () => {
  const many = Array.from({ length: 500 }, (_, number) => ({
    ...SAMPLE_SERVERS[0],
    name: `some-server-number-${number}`,
    description: '',
    tools: SAMPLE_SERVERS[0]?.tools ?? [],
  }));
  const options = { searchDescription: undefined, hasOutputSchema: true };
  const definitions = metaToolDefinitions(
    visibleServers(createView(SearchIndex.of(many), () => true)),
    options,
  );
  expect(definitions.map(({ name }) => name)).toEqual(['search_tools', 'describe_tools', 'call_read_tool', 'call_tool']);
  expect(definitions.every(({ name }) => isMetaToolName(String(name)))).toBe(true);
  expect(isMetaToolName('github__create_issue')).toBe(false);
  expect(estimateTokens(JSON.stringify(definitions))).toBeLessThanOrEqual(350);
  expect(estimateTokens(String(definitions[0]?.['description']))).toBeLessThanOrEqual(75);
  expect(definitions[0]?.['description']).toMatch(/ and \d+ more\.$/);
});

test('the description of the search names visible servers only, or says what the operator wrote', () => {
  const view = createView(context.view.index, (_, server) => server === 'sql');
  const describe = (searchDescription: string | undefined) => metaToolDefinitions(visibleServers(view), { searchDescription, hasOutputSchema: false })[0]?.['description'];
  expect(describe(undefined)).toMatch(/ Servers: sql\.$/);
  expect(describe('Ask here first.')).toBe('Ask here first.');
});
