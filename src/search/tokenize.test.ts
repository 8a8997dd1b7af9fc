import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stem } from './stem.ts';
import { tokenize, tokenizeQuery } from './tokenize.ts';

test.each([
  ['getUserByID', ['get', 'user', 'id']],
  ['create_pull_request', ['creat', 'pull', 'request']],
  ['list-open.issues', ['list', 'open', 'issu']],
  ['HTTPServer loading', ['http', 'server', 'load']],
  ['Café Zürich', ['caf', 'zurich']],
  ['北京天气 API', ['北京', '京天', '天气', 'api']],
  ['the of and to', []],
  ['PowerPoint', ['powerpoint', 'power', 'point']],
  ['searchGitHubRepos in JavaScript', ['search', 'github', 'repositori', 'javascript']],
  ['arXiv 3D', ['arxiv', 'ar', 'xiv', '3d', '3', 'd']],
  ['getCurrentWeather', ['get', 'current', 'weather']],
  ['URLs of PDFs', ['url', 'pdf']],
  ['send an e-mail', ['send', 'email', 'e', 'mail']],
  ["don't open the server's port", ['don', 'open', 'server', 'port']],
])('%s is split into words without their endings', (text, terms) => {
  expect(tokenize(text)).toEqual(terms);
});

test.each([
  ['search', 'searches', 'searching', 'searched'],
  ['create', 'creates', 'creating', 'created'],
  ['query', 'queries'],
  ['file', 'files', 'filed'],
  ['analysis', 'analyses', 'analyze', 'analyzing', 'analytics'],
  ['movie', 'movies'],
  ['box', 'boxes'],
  ['calculate', 'calculation', 'calculator'],
  ['visualize', 'visualization'],
  ['extract', 'extraction'],
  ['execute', 'execution'],
  ['info', 'information'],
  ['repo', 'repos', 'repository', 'repositories'],
  ['docs', 'document', 'documents'],
  ['img', 'imgs', 'image', 'images'],
  ['db', 'database', 'databases'],
  ['config', 'configuration', 'configurations'],
])('forms of one word share a stem: %s', (...forms) => {
  expect(new Set(forms.map(stem)).size).toBe(1);
});

test('words that only look alike keep their stems', () => {
  expect(stem('station')).not.toBe(stem('stats'));
  expect(stem('string')).toBe('string');
  expect(stem('bus')).toBe('bus');
  expect(stem('news')).not.toBe(stem('new'));
  expect(stem('section')).not.toBe(stem('sect'));
});

test('a stem is its own stem', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'abcdeghilmnorstuvxyz') }), (word) => {
      expect(stem(stem(word))).toBe(stem(word));
    }),
  );
});

test('the terms of terms are the same terms, whatever the text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom('getUserID', 'naïve', '東京タワー', 'İstanbul', 'ﬁle', '한국어', '５G', 'a_b-c.d', 'GitHub', 'e-mail', 'APIs', "it's", '3D')).map((words) => words.join(' ')),
  );
  fc.assert(
    fc.property(text, (given) => {
      const once = tokenize(given);
      expect(tokenize(once.join(' '))).toEqual(once);
    }),
    { numRuns: 1_000 },
  );
});

test('a query loses what is said around the need', () => {
  expect(tokenizeQuery('Hello, could you please help me to find a hotel?', 50)).toEqual(['find', 'hotel']);
});

test('a query that is nothing but talk stays as it is', () => {
  expect(tokenizeQuery('please help me', 50)).toEqual(['plea', 'help', 'me']);
});

test('no more terms than asked for are read', () => {
  expect(tokenize('one two three four five', 3)).toHaveLength(3);
});

test.each([
  ['open /data/txt/paper_list.bib', 'open file path bib'],
  ['write the report to ~/reports/2026/sales.md', 'write report file path md'],
  ['read and/or write', 'read or write'],
])('of a path in a query only its kind counts: %s', (query, meant) => {
  expect(tokenizeQuery(query, 100)).toEqual(tokenizeQuery(meant, 100));
});
