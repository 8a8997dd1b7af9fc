import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SAMPLE_QUERIES, SAMPLE_SERVERS, SAMPLE_TOOLS } from '../../test/search/sample-servers.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { Learning } from './learning.ts';
import { type LearnedTerms, NOTHING_LEARNED } from './learned-terms.ts';
import { search } from './search.ts';
import { SearchIndex } from './search-index.ts';
import { createView, type SearchView } from './search-view.ts';
import type { SearchableServer } from './searchable-tool.ts';

const everything = createView(SearchIndex.of(SAMPLE_SERVERS), () => true);

function found(query: string, options: { view?: SearchView; limit?: number; server?: string; learned?: LearnedTerms } = {}) {
  const { view = everything, limit = 5, server, learned = NOTHING_LEARNED } = options;
  const [answer] = search(view, { queries: [query], server, limit, learned });
  return answer ?? { query, found: [], nearestServers: [] };
}

function ids(query: string, options: Parameters<typeof found>[1] = {}): readonly string[] {
  return found(query, options).found.map(({ tool }) => tool.exposed);
}

test.each([
  ['open an issue in a repository', 'github__create_issue'],
  ['what will the weather be tomorrow in Lisbon', 'weather__getForecast'],
  ['latitude and longitude of an address: geographic coordinates', 'maps__geocode_address'],
  ['send email', 'mail__send_message'],
  ['搜索', 'bing-cn__bing_search'],
  ['resize a photo', 'images__resize_image'],
])('"%s" finds %s first', (query, wanted) => {
  expect(ids(query)[0]).toBe(wanted);
});

const sketch = (exposed: string, description: string, properties: JsonObject = {}) => ({ exposed, own: exposed, definition: { description, inputSchema: { type: 'object', properties } }, keywords: [] });
const viewOf = (...servers: SearchableServer[]) => createView(SearchIndex.of(servers), () => true);

test('what is of a kind finds a tool that only names the kind, not the other way round', () => {
  const view = viewOf({ name: 'plain', description: '', tools: [sketch('rates', 'Daily rates of a currency'), sketch('paint', 'Mixes colours'), sketch('note_of_euro', 'Shows the picture on a euro note')] });
  expect(ids('how many yen', { view })).toEqual(['rates']);
  expect(ids('currency', { view })[0]).toBe('rates');
  expect(ids('currency', { view })).not.toContain('note_of_euro');
});

test('a value that a parameter may have finds the tool', () => {
  const view = viewOf({ name: 'pdf', description: '', tools: [sketch('edit', 'Changes a document', { operation: { type: 'string', enum: ['rotate', 'merge'] } }), sketch('show', 'Shows a document', { operation: { type: 'string' } })] });
  expect(ids('rotate', { view })).toEqual(['edit']);
});

test('of two tools alike, the one beside the best answer to the rest of the need comes first', () => {
  const place = (name: string, ...more: ReturnType<typeof sketch>[]): SearchableServer => ({ name, description: '', tools: [sketch(`${name}_fetch`, 'Gets a message by its number'), ...more] });
  const view = viewOf(place('a', sketch('a_paint', 'Mixes colours')), place('b', sketch('b_domains', 'Lists the domains for temporary mailboxes')), place('c', sketch('c_dance', 'Teaches a waltz')));
  expect(ids('domains for temporary mailboxes and get a message', { view }).slice(0, 2)).toEqual(['b_domains', 'b_fetch']);
});

const NOISE: SearchableServer = { name: 'noise', description: '', tools: [sketch('paint', 'Mixes colours'), sketch('waltz', 'Teaches a dance')] };

test('who asks for several things in one query finds a tool for each', () => {
  const colours = Array.from({ length: 40 }, (_, at) => sketch(`paint_${at}`, 'Mixes colours'));
  const styles = ['font', 'border', 'margin', 'row', 'cell'].map((part) => sketch(`style_${part}_of_table`, `Styles the ${part} of a table by a template`));
  const view = viewOf({ name: 'office', description: '', tools: [...styles, sketch('close', 'Saves the workbook')] }, { name: 'colours', description: '', tools: colours });
  expect(ids('style a table by a template, then save the workbook', { view })).toContain('close');
  expect(ids('style a table', { view }).every((id) => id.startsWith('style_'))).toBe(true);
});

test('of a long query the server whose tools meet it together comes before one with the best single tool', () => {
  const prints = ['booking', 'invoice', 'receipt', 'voucher', 'refund', 'deposit'].map((part) => sketch(`print_${part}`, `Prints the ${part}`));
  const view = viewOf(
    { name: 'office', description: '', tools: [...prints, sketch('z_guest', 'Shows one guest')] },
    { name: 'other', description: '', tools: [sketch('summer_room', 'Shows each room of the summer'), sketch('a_guest', 'Shows one guest')] },
    NOISE,
  );
  const places = ids('for the guest of the summer room print booking, invoice, receipt, voucher, refund and deposit as one letter', { view, limit: 9 });
  expect(places.indexOf('z_guest')).toBeLessThan(places.indexOf('a_guest'));
  expect(ids('guest of the summer room', { view }).indexOf('a_guest')).toBe(1);
});

test('a tool called by its exposed name comes first, whatever else is there', () => {
  for (const { exposed } of SAMPLE_TOOLS) {
    const [first] = found(exposed).found;
    expect(first).toMatchObject({ tool: { exposed }, band: 'exact' });
  }
});

test('a tool called by its exposed name comes first in any catalogue of any names', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,20}$/).filter((text) => /[A-Za-z0-9]/.test(text));
  const catalogue = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'search'), name), {
    minLength: 1,
    maxLength: 12,
    selector: ([server, own]) => `${server}__${own}`,
  });
  fc.assert(
    fc.property(catalogue, (pairs) => {
      const servers = ['a', 'b', 'search'].map((server): SearchableServer => {
        const owns = pairs.filter(([of]) => of === server).map(([, own]) => own);
        const tools = owns.map((own) => ({
          exposed: `${server}__${own}`,
          own,
          definition: { description: pairs.map(([, each]) => each).join(' ') },
          keywords: [],
        }));
        return { name: server, description: '', tools };
      });
      const view = createView(SearchIndex.of(servers), () => true);
      for (const [server, own] of pairs) expect(ids(`${server}__${own}`, { view, limit: 1 })).toEqual([`${server}__${own}`]);
    }),
  );
});

test.each(['createIssue', 'Create Issue', 'create-issue', '`create_issue`', 'call create_issue() for me'])(
  'names are recognised however they are written: %s',
  (query) => {
    const rows = found(query).found.filter(({ band }) => band === 'exact');
    expect(rows.map(({ tool }) => tool.exposed).toSorted()).toEqual(['github__create_issue', 'gitlab__create_issue']);
  },
);

test('a name qualified by its server means that server, with any separator', () => {
  for (const query of ['gitlab/create_issue', 'gitlab.create_issue', 'use gitlab:create_issue now']) expect(ids(query)[0]).toBe('gitlab__create_issue');
});

test('of names that differ in their separators alone, the one that was written comes first, also in a sentence', () => {
  const tools = ['get_user', 'getUser', 'get-user'].map((own) => ({ exposed: `crm__${own}`, own, definition: { description: 'Who is it?' }, keywords: [] }));
  const view = createView(SearchIndex.of([{ name: 'crm', description: '', tools }]), () => true);
  for (const { exposed, own } of tools) {
    expect(ids(exposed, { view })[0]).toBe(exposed);
    expect(ids(own, { view })[0]).toBe(exposed);
    expect(ids(`please call ${exposed} for me`, { view })[0]).toBe(exposed);
  }
});

test('a configured keyword is a name of the tool', () => {
  expect(found('newsletter').found[0]).toMatchObject({ tool: { exposed: 'mail__send_message' }, band: 'exact' });
  expect(ids('post a letter')[0]).toBe('mail__send_message');
});

test("a server's own hint makes a tool findable", () => {
  const tool = { exposed: 'x__y', own: 'y', definition: { description: 'Opaque.', _meta: { 'anthropic/searchHint': 'invoice billing' } }, keywords: [] };
  const view = createView(SearchIndex.of([...SAMPLE_SERVERS, { name: 'x', description: '', tools: [tool] }]), () => true);
  expect(ids('invoice billing', { view })[0]).toBe('x__y');
});

test('what nothing answers is weak and names the nearest servers', () => {
  const answer = found('book a massage for my dog');
  expect(answer.found.every(({ band }) => band === 'weak')).toBe(true);
  const talk = found('repository of zebras quaggas okapis and unicorns');
  expect(talk.found.map(({ band }) => band)).not.toContain('strong');
  expect(talk.nearestServers.map(({ name }) => name)).toContain('github');
});

test('what is plainly there is strong and names no other servers', () => {
  const answer = found('weather forecast for a location');
  expect(answer.found[0]?.band).toBe('strong');
  expect(answer.nearestServers).toEqual([]);
});

test('the same tool of two servers is one row with the other beside it', () => {
  const [first, ...others] = found('read the contents of a file').found;
  expect(first?.tool.exposed).toBe('files__read_file');
  expect(first?.alternatives.map(({ exposed }) => exposed)).toEqual(['disk__read_file']);
  expect(others.map(({ tool }) => tool.exposed)).not.toContain('disk__read_file');
});

test('tools of one name that need other arguments stay apart', () => {
  const rows = found('open a new issue').found;
  expect(rows.map(({ tool }) => tool.exposed)).toEqual(expect.arrayContaining(['github__create_issue', 'gitlab__create_issue']));
});

test('a server given restricts the rows to it, in any case of letters', () => {
  expect(ids('read a file', { server: 'FILES' })).toEqual(expect.arrayContaining(['files__read_file']));
  expect(ids('read a file', { server: 'FILES' }).every((id) => id.startsWith('files__'))).toBe(true);
});

test('equal scores stand in the order of their names', () => {
  const twin = (server: string): SearchableServer => ({
    name: server,
    description: '',
    tools: ['b', 'a'].map((own) => ({ exposed: `${server}__${own}`, own, definition: { description: 'Polish the silver.' }, keywords: [] })),
  });
  const view = createView(SearchIndex.of([twin('z'), twin('y')]), () => true);
  expect(ids('polish silver', { view })).toEqual(['y__a', 'y__b', 'z__a', 'z__b'].filter((id) => ids('polish silver', { view }).includes(id)));
  expect(ids('polish silver', { view })[0]).toBe('y__a');
});

test('nothing breaks on empty views, empty queries and odd text', () => {
  const nobody = createView(SearchIndex.of([]), () => true);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (query) => {
      expect(found(query, { view: nobody }).found).toEqual([]);
      expect(found(query).found.length).toBeLessThanOrEqual(5);
    }),
  );
});

test('what successful calls taught brings a tool up, for the tenant that taught it only', () => {
  const learning = new Learning();
  const query = 'find out whether colleagues are around';
  expect(ids(query)[0]).not.toBe('calendar__free_slots');
  for (const caller of ['ann', 'bob', 'cem']) {
    learning.searched(caller, new Map([[query, ['calendar__free_slots']]]));
    learning.succeeded(caller, 'calendar__free_slots');
  }
  expect(ids(query, { learned: learning.freeze() })[0]).toBe('calendar__free_slots');
  expect(ids(query, { learned: new Learning().freeze() })).toEqual(ids(query));
});

test('what was learned of a tool that is hidden does not bring it back', () => {
  const learning = new Learning();
  learning.searched('ann', new Map([['who has time', ['calendar__free_slots']]]));
  learning.succeeded('ann', 'calendar__free_slots');
  const view = createView(everything.index, (tool) => tool.exposed !== 'calendar__free_slots');
  expect(ids('who has time', { view, learned: learning.freeze(), limit: 50 })).not.toContain('calendar__free_slots');
});

test('every sample query has an answer of its own, in order', () => {
  const answers = search(everything, { queries: SAMPLE_QUERIES, server: undefined, limit: 3, learned: NOTHING_LEARNED });
  expect(answers.map(({ query }) => query)).toEqual(SAMPLE_QUERIES);
});

test('a slip of the pen still finds the tool, and what was meant otherwise is not strong for it', () => {
  const view = createView(SearchIndex.of(SAMPLE_SERVERS), () => true);
  const first = (query: string) => search(view, { queries: [query], server: undefined, limit: 1, learned: NOTHING_LEARNED })[0]?.found[0];
  expect(first('forcast')?.tool.exposed).toBe('weather__getForecast');
  expect(first('massage')?.band).not.toBe('strong');
});

test('a word that no tool knows is looked up: of tools that fit alike, those that search come first', () => {
  const sketches = ['get_summary', 'get_links', 'get_sections', 'search_articles'];
  const tools = sketches.map((own) => ({ exposed: `wiki__${own}`, own, definition: { name: own, description: 'Articles of the wiki' }, keywords: [] }));
  const view = createView(SearchIndex.of([{ name: 'wiki', description: '', tools }]), () => true);
  expect(ids('wiki about Lovelace', { view })[0]).toBe('wiki__search_articles');
});

test('a server alone makes none of its tools strong', () => {
  const tools = Array.from({ length: 30 }, (_, at) => ({ exposed: `desk__tool${at}`, own: `tool${at}`, definition: { description: 'Something else' }, keywords: [] }));
  const view = createView(SearchIndex.of([{ name: 'desk-commander', description: '', tools }, ...SAMPLE_SERVERS]), () => true);
  expect(found('desk commander', { view }).found.map(({ band }) => band)).toEqual(['weak', 'weak', 'weak', 'weak', 'weak']);
});

test('surer rows stand above others', () => {
  for (const query of SAMPLE_QUERIES) {
    const bands = found(query).found.map(({ band }) => band);
    expect(bands).toEqual(bands.toSorted((left, right) => ['exact', 'strong', 'weak'].indexOf(left) - ['exact', 'strong', 'weak'].indexOf(right)));
  }
});

test('a tool whose name is said as a phrase comes before those that share its words one by one', () => {
  const tool = (own: string, description: string) => ({ exposed: `word__${own}`, own, definition: { description }, keywords: [] });
  const about = 'of the document, such as a document with a table, a footnote or a heading that was made before';
  const tools = ['add_table', 'add_footnote', 'add_heading', 'format_document', 'protect_document', 'copy_document', 'merge_document'].map((own) => tool(own, `Does this to a part ${about}`));
  const view = createView(SearchIndex.of([{ name: 'word', description: '', tools: [...tools, tool('create_document', 'Makes a new one')] }]), () => true);
  const [answer] = search(view, { queries: ['document processing: create document, add table, add footnote to document, save document'], server: undefined, limit: 3, learned: NOTHING_LEARNED });
  expect(answer?.found.map(({ tool: { own } }) => own).toSorted()).toEqual(['add_footnote', 'add_table', 'create_document']);
});
