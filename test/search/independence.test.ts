/** What a search may not depend on: who connected first, what is hidden, how the index came to be, who shouts loudest. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NOTHING_LEARNED } from '../../src/search/learned-terms.ts';
import { answerMetaTool, type MetaToolContext } from '../../src/search/answer-meta-tool.ts';
import { META_TOOL_NAMES, metaToolDefinitions, visibleServers, QUERIES_MAX } from '../../src/search/meta-tools.ts';
import { search } from '../../src/search/search.ts';
import { SearchIndex } from '../../src/search/search-index.ts';
import { createView, type SearchView } from '../../src/search/search-view.ts';
import type { SearchableServer } from '../../src/search/searchable-tool.ts';
import { SAMPLE_QUERIES, SAMPLE_SERVERS, SAMPLE_TOOLS } from './sample-servers.ts';

/** Everything that a client can be told about a view. */
function replies(view: SearchView): string {
  const context: MetaToolContext = { view, learned: NOTHING_LEARNED, isTrustedToRead: () => true, needsSignIn: () => false, hasStructuredContent: true };
  const questions = SAMPLE_QUERIES.filter((query) => query !== '');
  const answers = ['name', 'brief', 'full'].flatMap((detail) => [
    ...questions.map((query) => answerMetaTool('search_tools', { queries: [query], limit: 20, detail }, context)),
    answerMetaTool('search_tools', { queries: questions.slice(0, QUERIES_MAX), detail }, context),
    answerMetaTool('search_tools', { queries: ['read'], server: 'files', detail }, context),
  ]);
  const described = answerMetaTool('describe_tools', { names: SAMPLE_TOOLS.slice(0, 20).map(({ exposed }) => exposed) }, context);
  const called = META_TOOL_NAMES.slice(2).map((name) => answerMetaTool(name, { name: 'sql__run_query', arguments: {} }, context));
  return JSON.stringify([metaToolDefinitions(visibleServers(view), { searchDescription: undefined, hasOutputSchema: true }), answers, described, called]);
}

test('replies are the same bytes in whatever order servers connect', () => {
  const expected = replies(createView(SearchIndex.of(SAMPLE_SERVERS), () => true));
  fc.assert(
    fc.property(fc.shuffledSubarray([...SAMPLE_SERVERS], { minLength: SAMPLE_SERVERS.length }), (shuffled) => {
      expect(replies(createView(SearchIndex.of(shuffled), () => true))).toBe(expected);
    }),
    { numRuns: 20 },
  );
});

test('replies are the same bytes when servers come one at a time', () => {
  const expected = replies(createView(SearchIndex.of(SAMPLE_SERVERS), () => true));
  fc.assert(
    fc.property(fc.shuffledSubarray([...SAMPLE_SERVERS], { minLength: SAMPLE_SERVERS.length }), (shuffled) => {
      let index = SearchIndex.of([]);
      for (let count = 1; count <= shuffled.length; count++) index = SearchIndex.of(shuffled.slice(0, count), index);
      expect(replies(createView(index, () => true))).toBe(expected);
    }),
    { numRuns: 20 },
  );
});

test('a policy shows exactly what an index without the hidden tools would show', () => {
  const whole = SearchIndex.of(SAMPLE_SERVERS);
  fc.assert(
    fc.property(fc.subarray(SAMPLE_TOOLS.map(({ exposed }) => exposed)), (allowed) => {
      const visible = new Set(allowed);
      const partial = SAMPLE_SERVERS.map((server): SearchableServer => ({ ...server, tools: server.tools.filter(({ exposed }) => visible.has(exposed)) }));
      const masked = createView(whole, ({ exposed }) => visible.has(exposed));
      expect(replies(masked)).toBe(replies(createView(SearchIndex.of(partial), () => true)));
    }),
    { numRuns: 200 },
  );
});

test('no name of a hidden tool or server is in any reply to someone who did not say it', () => {
  const whole = SearchIndex.of(SAMPLE_SERVERS);
  const questions = ['read a file', 'open an issue', 'message', 'image', 'find', 'everything there is', 'nothing of the kind'];
  fc.assert(
    fc.property(fc.subarray(SAMPLE_TOOLS.map(({ exposed }) => exposed)), (allowed) => {
      const visible = new Set(allowed);
      const view = createView(whole, ({ exposed }) => visible.has(exposed));
      const context: MetaToolContext = { view, learned: NOTHING_LEARNED, isTrustedToRead: () => true, needsSignIn: () => false, hasStructuredContent: true };
      const said = questions.map((query) => JSON.stringify(answerMetaTool('search_tools', { queries: [query], limit: 20, detail: 'full' }, context)));
      const told = said.join() + JSON.stringify(metaToolDefinitions(visibleServers(view), { searchDescription: undefined, hasOutputSchema: true }));
      for (const { exposed } of SAMPLE_TOOLS) if (!visible.has(exposed)) expect(told).not.toContain(exposed);
      for (const server of SAMPLE_SERVERS)
        if (!server.tools.some(({ exposed }) => visible.has(exposed))) expect(told).not.toMatch(new RegExp(`[ "]${server.name}[",.]`));
    }),
    { numRuns: 200 },
  );
});

test('an unknown tool and a hidden one are answered alike', () => {
  const view = createView(SearchIndex.of(SAMPLE_SERVERS), ({ exposed }) => exposed !== 'sql__run_query');
  const context: MetaToolContext = { view, learned: NOTHING_LEARNED, isTrustedToRead: () => true, needsSignIn: () => false, hasStructuredContent: false };
  const without = createView(
    SearchIndex.of(SAMPLE_SERVERS.map((server) => ({ ...server, tools: server.tools.filter(({ own }) => own !== 'run_query') }))),
    () => true,
  );
  for (const name of ['call_tool', 'call_read_tool', 'describe_tools'] as const) {
    const given = { name: 'sql__run_query', names: ['sql__run_query'] };
    expect(answerMetaTool(name, given, context)).toEqual(answerMetaTool(name, given, { ...context, view: without }));
  }
});

test('a change of one server is indexed alone and gives what indexing everything gives', () => {
  const before = SearchIndex.of(SAMPLE_SERVERS);
  const changed = SAMPLE_SERVERS.map((server) => (server.name === 'mail' ? { ...server, tools: server.tools.slice(1) } : server));
  const after = SearchIndex.of(changed, before);
  const kept = after.parts.filter((part) => before.parts.includes(part)).map((part) => part.server.name);
  expect(kept).toEqual(
    SAMPLE_SERVERS.map(({ name }) => name)
      .filter((name) => name !== 'mail')
      .toSorted(),
  );
  expect(replies(createView(after, () => true))).toBe(replies(createView(SearchIndex.of(changed), () => true)));
});

test('lists read again without a change leave the index as it is', () => {
  const before = SearchIndex.of(SAMPLE_SERVERS);
  const again = SAMPLE_SERVERS.map((server) => ({ ...server, tools: server.tools.map((tool) => ({ ...tool, definition: { ...tool.definition } })) }));
  expect(SearchIndex.of(again, before)).toBe(before);
});

test('a description stuffed with popular words is not in the top 3 of more than 2 % of unrelated queries', () => {
  const actions = 'create delete list update search export archive share translate compare'.split(' ');
  const objects =
    'invoice ticket photo recipe route contract playlist meeting backup customer flight lesson shipment patient garden vote sensor article loan puppy bridge poem concert tax'.split(
      ' ',
    );
  const servers = objects.map((object): SearchableServer => {
    const tools = actions.map((action) => ({
      exposed: `${object}s__${action}_${object}`,
      own: `${action}_${object}`,
      definition: { description: `Use this tool to ${action} one ${object} or many of the ${object}s that the user of the account owns.` },
      keywords: [],
    }));
    return { name: `${object}s`, description: `Everything about each ${object}`, tools };
  });
  const queries = objects.flatMap((object) => actions.map((action) => `${action} the ${object} of my colleague`));
  const popular = [...actions, ...objects, ...'use tool one many user account owns everything about each'.split(' ')];
  const often = Array.from({ length: 20 }, () => actions.join(' ')).join(' ');
  for (const description of [popular.join(' '), actions.join(' '), often, `${often} ${objects.join(' ')}`]) {
    const stuffed = { exposed: 'loud__tool', own: 'tool', definition: { description, _meta: { 'anthropic/searchHint': description } }, keywords: [] };
    const view = createView(SearchIndex.of([...servers, { name: 'loud', description: '', tools: [stuffed] }]), () => true);
    const lifted = queries.filter((query) => {
      const [answer] = search(view, { queries: [query], server: undefined, limit: 3, learned: NOTHING_LEARNED });
      return answer?.found.some(({ tool }) => tool.exposed === 'loud__tool');
    });
    expect(lifted.length / queries.length).toBeLessThanOrEqual(0.02);
  }
});
