/** Policy engines and limits as a gateway without any configuration has them. */
import type { Clock } from '../../src/base/clock.ts';
import { Buckets } from '../../src/data-plane/buckets.ts';
import { Budgets } from '../../src/data-plane/budgets.ts';
import type { DataPlaneDeps } from '../../src/data-plane/data-plane.ts';
import { Engines } from '../../src/data-plane/engines.ts';
import { Shadowed } from '../../src/data-plane/shadowed.ts';
import { Turns } from '../../src/data-plane/turns.ts';
import type { LiveGovernance } from '../../src/control-plane/live-governance.ts';

export function plainGovernance(clock: Clock): Pick<DataPlaneDeps, 'approvals' | 'engines' | 'limits' | 'shadowed'> {
  const buckets = new Buckets();
  return {
    approvals: undefined,
    engines: new Engines({ create: () => ({ name: 'none', decide: () => Promise.reject(new Error('no engine')) }), nowMs: clock.monotonicMs }),
    limits: {
      buckets: { takeAll: (wanted) => buckets.takeAll(wanted, clock.monotonicMs()) },
      turns: new Turns(clock),
      budgets: new Budgets({ load: () => Promise.resolve([]), add: () => Promise.resolve([]), remove: () => Promise.resolve() }),
    },
    shadowed: new Shadowed(),
  };
}

/** Nothing limited, nothing recorded. */
export const plainLiveGovernance: LiveGovernance = {
  store: () => 'memory',
  usage: () => Promise.resolve([]),
  reset: () => Promise.resolve(),
  shadow: () => ({ asked: 0, differences: [] }),
  askEngine: () => Promise.reject(new Error('no engine')),
  recorded: undefined,
};
