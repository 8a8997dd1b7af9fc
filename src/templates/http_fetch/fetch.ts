/** One address, as text. */
import { objectSchema } from '../../serving/tool.ts';
import type { CreateTools } from '../template-tools.ts';
import { toText } from '../web_scraper_template/page-text.ts';

const PART_CHARS_MAX = 100_000;

export const createTools: CreateTools = ({ web }) => [
  {
    name: 'fetch',
    title: 'Fetch an address',
    description: 'Fetches an address with GET. HTML becomes plain text unless raw is true.',
    inputSchema: objectSchema(
      {
        url: { type: 'string', maxLength: 8_000, description: 'Absolute http or https address' },
        max_length: { type: 'integer', minimum: 1, maximum: PART_CHARS_MAX, default: 5_000, description: 'Characters to give' },
        start_index: { type: 'integer', minimum: 0, default: 0, description: 'Character to begin at, for what was cut off' },
        raw: { type: 'boolean', default: false },
      },
      ['url'],
    ),
    outputSchema: objectSchema({ url: { type: 'string' }, status: { type: 'integer' }, content_type: { type: 'string' }, text: { type: 'string' }, total_length: { type: 'integer' }, next_index: { type: ['integer', 'null'] } }),
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    run: async ({ url, max_length, start_index, raw }) => {
      const answer = await web(String(url));
      const type = answer.headers['content-type'] ?? '';
      const whole = raw !== true && /\bhtml\b/.test(type) ? toText(answer.text) : answer.text;
      const end = Number(start_index) + Number(max_length);
      return { url: answer.url, status: answer.status, content_type: type, text: whole.slice(Number(start_index), end), total_length: whole.length, next_index: end < whole.length ? end : null };
    },
  },
];
