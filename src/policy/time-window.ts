/** Days and hours in a time zone. A window that ends before it begins ends on the next day and belongs to the day it began. */

import type { RulePart } from '../model/policy.ts';
import { DAYS, type TimeConfig } from '../model/policy-config.ts';

const MINUTES_PER_DAY = 1_440;
const MINUTE_MS = 60_000;

interface LocalTime {
  /** Index into DAYS. */
  readonly day: number;
  /** Of the day. */
  readonly minute: number;
}

export function compileTime(time: TimeConfig): RulePart {
  const from = minuteOf(time.from);
  const to = time.to === undefined ? MINUTES_PER_DAY : minuteOf(time.to);
  const days = new Set((time.days ?? DAYS).map((day) => DAYS.indexOf(day)));
  const localTime = localTimeIn(time.timezone);
  const holds = (atMs: number): boolean => {
    const { day, minute } = localTime(atMs);
    if (from < to) return days.has(day) && minute >= from && minute < to;
    if (minute >= from) return days.has(day);
    return minute < to && days.has((day + DAYS.length - 1) % DAYS.length);
  };
  const text = `${time.not ? 'outside of ' : ''}${(time.days ?? ['every day']).join(', ')} ${time.from} to ${time.to ?? '24:00'} ${time.timezone}`;
  return { part: 'time', text, uses: ['time'], isConditional: true, holds: (facts) => holds(facts.atMs) !== time.not };
}

function minuteOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

/** Formatting costs microseconds, so the last minute asked for is remembered. */
function localTimeIn(timezone: string): (atMs: number) => LocalTime {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  let lastMinute = Number.NaN;
  let last: LocalTime = { day: 0, minute: 0 };
  return (atMs) => {
    const minute = Math.floor(atMs / MINUTE_MS);
    if (minute === lastMinute) return last;
    const parts = new Map(format.formatToParts(minute * MINUTE_MS).map(({ type, value }) => [type, value]));
    const day = DAYS.findIndex((name) => name === parts.get('weekday')?.toLowerCase());
    last = { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
    lastMinute = minute;
    return last;
  };
}
