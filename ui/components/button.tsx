import type { ComponentProps } from 'react';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';

const BASE = 'inline-flex select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium disabled:cursor-not-allowed disabled:opacity-55';
const LOOKS = {
  plain: 'border border-line-strong/60 bg-surface hover:bg-hover not-disabled:hover:border-line-strong',
  accent: 'border border-accent bg-accent text-accent-ink not-disabled:hover:brightness-110',
  quiet: 'text-soft hover:bg-hover hover:text-ink',
  danger: 'border border-bad/60 text-bad hover:bg-bad-wash',
} as const;
const SIZES = { normal: 'h-8 px-3', small: 'h-7 px-2 text-[0.93em]', icon: 'size-8', 'small-icon': 'size-7' } as const;

interface Look {
  readonly look?: keyof typeof LOOKS;
  readonly size?: 'normal' | 'small';
}

/** For what looks like a button and is a link. */
export function buttonClass({ look = 'plain', size = 'normal' }: Look = {}): string {
  return classNames(BASE, LOOKS[look], SIZES[size]);
}

interface ButtonProps extends Look, ComponentProps<'button'> {
  readonly icon?: IconName;
  /** Says so and takes no second press. */
  readonly isBusy?: boolean;
}

export function Button({ look, size, icon, isBusy = false, className, children, disabled, type = 'button', ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} disabled={disabled === true || isBusy} aria-busy={isBusy || undefined} className={classNames(buttonClass({ ...(look && { look }), ...(size && { size }) }), className)}>
      {isBusy ? <Spinner /> : icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  readonly icon: IconName;
  /** What it does: read aloud, and shown on hover. */
  readonly label: string;
  readonly look?: keyof typeof LOOKS;
  readonly size?: 'normal' | 'small';
  readonly isBusy?: boolean;
}

export function IconButton({ icon, label, look = 'quiet', size = 'normal', isBusy = false, className, type = 'button', ...rest }: IconButtonProps) {
  return (
    <button {...rest} type={type} title={label} aria-label={label} className={classNames(BASE, LOOKS[look], SIZES[size === 'small' ? 'small-icon' : 'icon'], className)}>
      {isBusy ? <Spinner /> : <Icon name={icon} />}
    </button>
  );
}

export function Spinner() {
  return <span aria-hidden className="size-3.5 shrink-0 animate-spin rounded-full border-2 border-current border-r-transparent" />;
}
