import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent';

const TONES: Readonly<Record<Tone, string>> = {
  plain: 'bg-sunken text-soft',
  good: 'bg-good-wash text-good',
  warn: 'bg-warn-wash text-warn',
  bad: 'bg-bad-wash text-bad',
  accent: 'bg-accent-wash text-accent',
};
const DOTS: Readonly<Record<Tone, string>> = { plain: 'bg-line-strong', good: 'bg-good', warn: 'bg-warn', bad: 'bg-bad', accent: 'bg-accent' };

interface BadgeProps {
  readonly tone?: Tone;
  readonly children: ReactNode;
  readonly title?: string;
  /** A dot before it: a state, not a property. */
  readonly hasDot?: boolean;
}

export function Badge({ tone = 'plain', children, title, hasDot = false }: BadgeProps) {
  return (
    <span title={title} className={classNames('inline-flex max-w-full items-center gap-1.5 rounded-full px-2 py-px text-[0.86em] font-medium whitespace-nowrap', TONES[tone])}>
      {hasDot && <span aria-hidden className={classNames('size-1.5 shrink-0 rounded-full', DOTS[tone])} />}
      <span className="truncate">{children}</span>
    </span>
  );
}
