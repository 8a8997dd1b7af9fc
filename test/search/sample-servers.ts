/** A catalogue to search in: a dozen servers of invented tools that overlap as real ones do. */
import type { JsonObject } from '../../src/protocol/messages.ts';
import type { SearchableServer, SearchableTool } from '../../src/search/searchable-tool.ts';

interface ToolSketch {
  readonly name: string;
  readonly says: string;
  readonly params?: string;
  readonly annotations?: JsonObject;
  readonly keywords?: readonly string[];
}

function server(name: string, description: string, sketches: readonly ToolSketch[]): SearchableServer {
  return { name, description, tools: sketches.map((sketch) => toolOf(name, sketch)) };
}

function toolOf(serverName: string, { name, says, params = '', annotations, keywords = [] }: ToolSketch): SearchableTool {
  const names = params.split(' ').filter((each) => each !== '');
  const properties = Object.fromEntries(names.map((each) => [each.replace('?', ''), { type: 'string' }]));
  const required = names.filter((each) => !each.endsWith('?'));
  const exposed = `${serverName}__${name}`;
  const definition: JsonObject = {
    name: exposed,
    description: says,
    inputSchema: { type: 'object', properties, required, additionalProperties: false },
    ...(annotations === undefined ? {} : { annotations }),
  };
  return { exposed, own: name, definition, keywords };
}

const READ: JsonObject = { readOnlyHint: true };

export const SAMPLE_SERVERS: readonly SearchableServer[] = [
  server('github', 'Repositories, issues and pull requests', [
    { name: 'create_issue', says: 'Open a new issue in a repository. Labels are optional.', params: 'owner repo title body?' },
    { name: 'list_issues', says: 'List the issues of a repository', params: 'owner repo state?', annotations: READ },
    { name: 'merge_pull_request', says: 'Merge a pull request', params: 'owner repo number', annotations: { destructiveHint: true } },
    { name: 'search_code', says: 'Search source code over all repositories', params: 'query', annotations: READ },
  ]),
  server('gitlab', 'Projects and merge requests', [
    { name: 'create_issue', says: 'Open a new issue in a project', params: 'project title' },
    { name: 'accept_merge_request', says: 'Accept a merge request', params: 'project number' },
  ]),
  server('files', 'The local file system', [
    { name: 'read_file', says: 'Read the contents of a file', params: 'path', annotations: READ },
    { name: 'write_file', says: 'Write text to a file, replacing what was there', params: 'path content', annotations: { destructiveHint: true } },
    { name: 'search_files', says: 'Find files by a pattern of their names', params: 'path pattern', annotations: READ },
  ]),
  server('disk', 'Files on the shared disk', [
    { name: 'read_file', says: 'Read the contents of a file', params: 'path', annotations: READ },
    { name: 'disk_usage', says: 'How much space is left', annotations: READ },
  ]),
  server('mail', 'Send and read e-mail', [
    { name: 'send_message', says: 'Send an e-mail to one or more recipients', params: 'to subject body', keywords: ['newsletter', 'post a letter'] },
    { name: 'list_inbox', says: 'List the newest messages of the inbox', annotations: READ },
  ]),
  server('weather', 'Forecasts for any place on earth', [
    { name: 'getForecast', says: 'Weather forecast for the next days at a location', params: 'city days?', annotations: READ },
    { name: 'getAlerts', says: 'Warnings of storms and floods for a region', params: 'region', annotations: READ },
  ]),
  server('maps', 'Geocoding and routes', [
    { name: 'geocode_address', says: 'Convert an address into geographic coordinates', params: 'address', annotations: READ },
    { name: 'find_route', says: 'Driving directions between two places', params: 'from to', annotations: READ },
  ]),
  server('sql', 'A PostgreSQL database', [
    { name: 'run_query', says: 'Run a SQL query and return its rows', params: 'sql' },
    { name: 'describe_table', says: 'Columns and indexes of a table', params: 'table', annotations: READ },
  ]),
  server('calendar', 'Meetings and appointments', [
    { name: 'create_event', says: 'Put an appointment into the calendar', params: 'title start end' },
    { name: 'free_slots', says: 'When everybody invited has time', params: 'people', annotations: READ },
  ]),
  server('images', 'Pictures: resize, convert, generate', [
    { name: 'resize_image', says: 'Resize an image to a width and height', params: 'path width height' },
    { name: 'generate_image', says: 'Generate an image from a text', params: 'prompt' },
  ]),
  server('bing-cn', '中文必应搜索', [{ name: 'bing_search', says: '使用必应搜索指定的关键词，并返回搜索结果列表', params: 'query', annotations: READ }]),
  server('finance', 'Prices of stocks', [
    { name: 'get_stock_price', says: 'Current price of a stock by its ticker symbol', params: 'ticker', annotations: READ },
  ]),
];

export const SAMPLE_TOOLS: readonly SearchableTool[] = SAMPLE_SERVERS.flatMap(({ tools }) => tools);

export const SAMPLE_QUERIES: readonly string[] = [
  'open an issue in a repository',
  'read a file',
  'send an e-mail to the team',
  'weather tomorrow in Lisbon',
  'coordinates of an address',
  'run a sql query',
  'current stock price of a company',
  'make a picture smaller',
  'create_issue',
  'use files__read_file please',
  '搜索关键词',
  'book a massage for my dog',
  '',
];
