import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentTable } from './recent-table.ts';

test('behaves as a Map does, whatever comes and goes in whatever order', () => {
  const step = fc.record({ kind: fc.constantFrom('add', 'delete', 'get'), id: fc.nat(2_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2_000 }), (steps) => {
      const table = new RecentTable<string>();
      const map = new Map<number, string>();
      for (const { kind, id } of steps) {
        if (kind === 'add' && !map.has(id)) {
          table.add(id, `item ${id}`);
          map.set(id, `item ${id}`);
        } else if (kind === 'delete') expect(table.delete(id)).toBe(map.delete(id));
        else expect(table.get(id)).toBe(map.get(id));
      }
      expect(table.size).toBe(map.size);
      expect(table.values().sort()).toEqual([...map.values()].sort());
    }),
  );
});
