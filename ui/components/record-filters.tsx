/** Filters of what is recorded. They stand in the address, so a link shows the same. */
import { type ReactNode, useEffect, useState } from 'react';
import { useText } from '../texts/texts.ts';
import { Button } from './button.tsx';
import { useSetUrl, useUrlValues } from './url-state.ts';

interface TextFilterProps {
  /** In the address. */
  readonly name: string;
  readonly label: string;
  /** What is suggested. */
  readonly options?: readonly string[];
}

const TYPING_MS = 300;

/** A text to filter by; it takes effect when the typing rests. */
export function TextFilter({ name, label, options = [] }: TextFilterProps) {
  const current = useUrlValues()[name] ?? '';
  const setUrl = useSetUrl();
  const [text, setText] = useState(current);
  const [known, setKnown] = useState(current);
  if (known !== current) {
    setKnown(current);
    setText(current);
  }
  useEffect(() => {
    if (text === current) return undefined;
    const timer = window.setTimeout(() => setUrl({ [name]: text.trim() }), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text, current, name, setUrl]);
  const list = `${name}-options`;
  return (
    <>
      <input type="search" aria-label={label} placeholder={label} className="field w-[calc(50%-0.25rem)] xs:w-36" value={text} list={options.length === 0 ? undefined : list} onChange={(event) => setText(event.target.value)} />
      {options.length > 0 && (
        <datalist id={list}>
          {options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </>
  );
}

interface ChoiceFilterProps {
  readonly name: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
  /** What holds where the address says nothing; without it: all. */
  readonly all?: string;
}

export function ChoiceFilter({ name, label, options, all }: ChoiceFilterProps) {
  const say = useText();
  const value = useUrlValues()[name] ?? '';
  const setUrl = useSetUrl();
  return (
    <select aria-label={label} className="field w-auto max-w-full" value={value} onChange={(event) => setUrl({ [name]: event.target.value })}>
      <option value="">{all ?? `${label}: ${say('table.all')}`}</option>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.text}
        </option>
      ))}
    </select>
  );
}

/** Filters in a row, and the way back to none. */
export function FilterBar({ names, children }: { readonly names: readonly string[]; readonly children: ReactNode }) {
  const say = useText();
  const values = useUrlValues();
  const setUrl = useSetUrl();
  const isFiltered = names.some((name) => (values[name] ?? '') !== '');
  return (
    <div className="flex flex-wrap items-center gap-2">
      {children}
      {isFiltered && (
        <Button look="quiet" icon="close" onClick={() => setUrl(Object.fromEntries(names.map((name) => [name, undefined])))}>
          {say('records.clear')}
        </Button>
      )}
    </div>
  );
}

export const SPANS = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 } as const;
export type Span = keyof typeof SPANS;

/** The beginning of a span until now, on the minute: the same question for a while. Undefined for any other text. */
export function spanStart(span: string | undefined, nowMs: number): string | undefined {
  if (span === undefined || !(span in SPANS)) return undefined;
  return new Date(Math.floor((nowMs - SPANS[span as Span]) / 60_000) * 60_000).toISOString();
}

export function SpanFilter({ name = 'span' }: { readonly name?: string }) {
  const say = useText();
  return <ChoiceFilter name={name} label={say('common.time')} options={(Object.keys(SPANS) as Span[]).map((value) => ({ value, text: say(`records.spans.${value}`) }))} />;
}
