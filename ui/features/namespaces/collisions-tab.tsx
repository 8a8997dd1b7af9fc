import { EmptyState } from '../../components/empty-state.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useText } from '../../texts/texts.ts';
import type { Catalog } from './namespace-data.ts';

type Collision = Catalog['collisions'][number];

export function CollisionsTab({ collisions }: { readonly collisions: readonly Collision[] }) {
  const say = useText();
  const columns: readonly Column<Collision>[] = [
    { id: 'exposed', text: say('namespaces.collision.name'), value: ({ exposed }) => exposed, cell: ({ exposed }) => <ForeignText className="font-mono">{exposed}</ForeignText> },
    { id: 'kind', text: say('namespaces.collision.kind'), value: ({ kind }) => kind, from: 'sm' },
    { id: 'kept', text: say('namespaces.collision.kept'), value: ({ kept }) => kept },
    { id: 'hidden', text: say('namespaces.collision.hidden'), value: ({ hidden }) => hidden },
  ];
  return (
    <div className="grid gap-3">
      {collisions.length > 0 && <p className="text-soft">{say('namespaces.collision.help')}</p>}
      <DataTable label={say('namespaces.collisions')} prefix="collision-" rows={collisions} columns={columns} rowKey={({ kind, exposed, hidden }) => `${kind} ${exposed} ${hidden}`} empty={<EmptyState icon="check" title={say('namespaces.collision.none')} />} />
    </div>
  );
}
