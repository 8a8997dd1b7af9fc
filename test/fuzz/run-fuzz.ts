/** So many mutants of every kind, from one seed. What is found is told with what repeats it. */
import { seeded } from '../faults/seed.ts';
import { DOCUMENT_ATTACKS } from './documents.ts';
import { type Attack, startMessageTarget } from './messages.ts';

export interface FuzzReport {
  readonly mutants: number;
  readonly findings: readonly string[];
}

/** Of each hundred mutants. Documents are compiled whole and cost most. */
const SHARES: Readonly<Record<string, number>> = { modern: 35, legacy: 35, bomb: 3, raw: 12, configuration: 5, condition: 5, template: 5 };
const LANES = 16;
const FINDINGS_MAX = 20;

export async function runFuzz({ mutants, seed, tell = () => undefined }: { readonly mutants: number; readonly seed: number; readonly tell?: (text: string) => void }): Promise<FuzzReport> {
  const target = await startMessageTarget();
  const before = prototypes();
  const findings: string[] = [];
  const unexpected = (thrown: unknown): void => void findings.push(`outside of every request: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  process.on('unhandledRejection', unexpected);
  const attacks: Readonly<Record<string, Attack>> = { ...target.attacks, ...Object.fromEntries(Object.entries(DOCUMENT_ATTACKS).map(([name, attack]) => [name, (random: () => number) => Promise.resolve(attack(random))])) };
  const order = Object.entries(SHARES).flatMap(([name, share]) => Array.from({ length: share }, () => name));
  let made = 0;
  const lane = async (): Promise<void> => {
    while (made < mutants && findings.length < FINDINGS_MAX) {
      const index = made++;
      const name = order[(index * 37) % order.length] ?? '';
      // Each mutant has a seed of its own, so that it can be made alone.
      const problem = await attacks[name]?.(seeded(seed + index));
      if (problem !== undefined) findings.push(`${name}, seed ${seed + index}: ${problem}`);
      if (index > 0 && index % 10_000 === 0) tell(`${index} mutants, ${findings.length} findings`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (!(await target.isWell())) findings.push('the target answers no right request any more');
  if (prototypes() !== before) findings.push('a prototype was changed');
  process.off('unhandledRejection', unexpected);
  await target.stop();
  return { mutants: made, findings };
}

function prototypes(): string {
  return [Object, Array, Function, String, Number, Map, Promise, Error].map(({ prototype }) => Reflect.ownKeys(prototype).map(String).join()).join('\n');
}
