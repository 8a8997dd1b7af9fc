/** Dates, times and numbers as the present language writes them. */
import { useMemo } from 'react';
import { useLanguage } from './texts.ts';

export interface Formats {
  readonly number: (value: number) => string;
  /** 0.042 → 4.2 %. */
  readonly percent: (value: number) => string;
  /** 1.5 ms, 12 s, 3 min. */
  readonly duration: (ms: number) => string;
  readonly bytes: (count: number) => string;
  readonly instant: (iso: string) => string;
  readonly day: (iso: string) => string;
  readonly time: (iso: string) => string;
  /** 5 minutes ago, in 3 days. */
  readonly relative: (iso: string, nowMs: number) => string;
}

/** Nearer than this is now: clocks differ a little, and pages look at theirs only now and then. */
const NOW_MS = 15_000;

const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, ms: number])[] = [
  ['year', 31_536_000_000],
  ['month', 2_592_000_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

export function useFormats(): Formats {
  const language = useLanguage();
  return useMemo(() => createFormats(language), [language]);
}

export function createFormats(language: string): Formats {
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const instant = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'medium' });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const inUnit = (unit: string, value: number): string => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
  return {
    number: (value) => number.format(value),
    percent: (value) => percent.format(value),
    duration: (ms) => {
      if (ms < 1_000) return inUnit('millisecond', ms);
      if (ms < 120_000) return inUnit('second', ms / 1_000);
      return ms < 7_200_000 ? inUnit('minute', ms / 60_000) : inUnit('hour', ms / 3_600_000);
    },
    bytes: (count) => {
      if (count < 1_000) return inUnit('byte', count);
      return count < 1_000_000 ? inUnit('kilobyte', count / 1_000) : inUnit('megabyte', count / 1_000_000);
    },
    instant: (iso) => instant.format(new Date(iso)),
    day: (iso) => day.format(new Date(iso)),
    time: (iso) => time.format(new Date(iso)),
    relative: (iso, nowMs) => {
      const distanceMs = new Date(iso).getTime() - nowMs;
      if (Math.abs(distanceMs) < NOW_MS) return relative.format(0, 'second');
      const [unit, ms] = STEPS.find(([, step]) => Math.abs(distanceMs) >= step) ?? ['second', 1_000];
      return relative.format(Math.round(distanceMs / ms), unit);
    },
  };
}
