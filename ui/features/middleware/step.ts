/** A step as the configuration writes it, with a name of its own for the page. */
export interface Step {
  readonly id: number;
  readonly use: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly onFailure?: 'closed' | 'open';
  readonly servers?: readonly string[];
  readonly names?: readonly string[];
}

export function readSteps(value: unknown): readonly Step[] {
  return Array.isArray(value) ? (value as readonly (Omit<Step, 'id'> | string)[]).map((step, id) => ({ ...(typeof step === 'string' ? { use: step } : step), id })) : [];
}

/** The list with one member elsewhere. */
export function moved<Member>(list: readonly Member[], from: number, to: number): readonly Member[] {
  const member = list[from];
  if (member === undefined || to < 0 || to >= list.length) return list;
  return list.toSpliced(from, 1).toSpliced(to, 0, member);
}
