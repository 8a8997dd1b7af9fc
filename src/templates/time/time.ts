/** Time by IANA zones, from the system's own tables. */
import { objectSchema, READ_ONLY, ToolRefusal } from '../../serving/tool.ts';
import type { CreateTools } from '../template-tools.ts';

const zone = (description: string) => ({ type: 'string', description, maxLength: 64 }) as const;
const moment = { type: 'object', properties: { timezone: { type: 'string' }, datetime: { type: 'string' }, day_of_week: { type: 'string' }, utc_offset: { type: 'string' } }, required: ['timezone', 'datetime', 'day_of_week', 'utc_offset'] } as const;
const MINUTE_MS = 60_000;

export const createTools: CreateTools = ({ clock, parameters }) => {
  const home = String(parameters['timezone'] ?? 'UTC');
  return [
    {
      name: 'get_current_time',
      title: 'Current time',
      description: 'The time now in a timezone.',
      inputSchema: objectSchema({ timezone: { ...zone('IANA name such as Asia/Tokyo'), default: home } }, []),
      outputSchema: moment,
      annotations: { ...READ_ONLY, idempotentHint: false },
      run: ({ timezone }) => describe(clock.nowMs(), String(timezone)),
    },
    {
      name: 'convert_time',
      title: 'Convert time',
      description: 'What the clock shows elsewhere when it shows a time (HH:MM, today) here.',
      inputSchema: objectSchema({ source_timezone: { ...zone('IANA name'), default: home }, time: { type: 'string', pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', description: 'HH:MM, 24 hours' }, target_timezone: zone('IANA name') }, ['time', 'target_timezone']),
      outputSchema: objectSchema({ source: moment, target: moment, time_difference: { type: 'string' } }),
      annotations: READ_ONLY,
      run: ({ source_timezone, time, target_timezone }) => {
        const from = String(source_timezone);
        const to = String(target_timezone);
        const atMs = momentOf(clock.nowMs(), from, String(time));
        const hours = (offsetMs(atMs, to) - offsetMs(atMs, from)) / (60 * MINUTE_MS);
        return { source: describe(atMs, from), target: describe(atMs, to), time_difference: `${hours >= 0 ? '+' : ''}${hours}h` };
      },
    },
  ];
};

/** The offset may differ between the guess and the moment meant, so it is asked twice. */
function momentOf(nowMs: number, timezone: string, time: string): number {
  const today = new Date(nowMs + offsetMs(nowMs, timezone)).toISOString().slice(0, 10);
  const wallMs = Date.parse(`${today}T${time}:00Z`);
  const guessMs = wallMs - offsetMs(wallMs, timezone);
  return wallMs - offsetMs(guessMs, timezone);
}

function describe(atMs: number, timezone: string): { timezone: string; datetime: string; day_of_week: string; utc_offset: string } {
  const shiftMs = offsetMs(atMs, timezone);
  const minutes = Math.abs(shiftMs) / MINUTE_MS;
  const offset = `${shiftMs < 0 ? '-' : '+'}${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  const day = new Intl.DateTimeFormat('en', { timeZone: timezone, weekday: 'long' }).format(atMs);
  return { timezone, datetime: `${new Date(atMs + shiftMs).toISOString().slice(0, 19)}${offset}`, day_of_week: day, utc_offset: offset };
}

function offsetMs(atMs: number, timezone: string): number {
  try {
    const parts = new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'longOffset' }).formatToParts(atMs);
    const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(parts.find(({ type }) => type === 'timeZoneName')?.value ?? '') ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE_MS;
  } catch {
    throw new ToolRefusal(`timezone must be an IANA name such as Europe/Berlin, not ${JSON.stringify(timezone)}`);
  }
}
