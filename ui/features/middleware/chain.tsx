/** The steps in their order. They are moved by dragging, or with Alt and the arrow keys, or with their buttons. */
import { type DragEvent, type KeyboardEvent, useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Form, SelectField } from '../../components/form.tsx';
import { CodeField, parseJsonObject } from '../../components/json-field.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Menu } from '../../components/menu.tsx';
import { useText } from '../../texts/texts.ts';
import { moved, type Step } from './step.ts';

type Known = AnswerOf<'GET /api/v1/middleware'>['items'][number];

interface ChainProps {
  readonly steps: readonly Step[];
  readonly set: (steps: readonly Step[]) => void;
  readonly mayWrite: boolean;
}

export function Chain({ steps, set, mayWrite }: ChainProps) {
  const say = useText();
  const known = useRead('GET /api/v1/middleware').data?.items ?? [];
  const [dragged, setDragged] = useState<number>();
  const [editing, setEditing] = useState<Step>();
  const [said, announce] = useState('');
  const move = (from: number, to: number): void => {
    const step = steps[from];
    const next = moved(steps, from, to);
    if (next === steps || step === undefined) return;
    set(next);
    announce(say('middleware.moved', { name: step.use, place: to + 1, count: steps.length }));
  };
  return (
    <div className="grid gap-3">
      {steps.length === 0 && <p className="text-soft">{say('middleware.none')}</p>}
      <ol className="grid gap-2" aria-label={say('middleware.chain')}>
        {steps.map((step, index) => (
          <StepRow key={step.id} step={step} index={index} count={steps.length} mayWrite={mayWrite} dragged={dragged} setDragged={setDragged} move={move} remove={() => set(steps.toSpliced(index, 1))} edit={() => setEditing(step)} />
        ))}
      </ol>
      <span role="status" className="sr-only">
        {said}
      </span>
      {mayWrite && known.length > 0 && (
        <div>
          <Menu
            trigger={
              <Button icon="plus" size="small">
                {say('middleware.add')}
              </Button>
            }
            items={known.map(({ name }) => ({ text: name, onSelect: () => setEditing({ id: Math.max(-1, ...steps.map(({ id }) => id)) + 1, use: name, with: {} }) }))}
          />
        </div>
      )}
      {editing !== undefined && (
        <StepDialog
          step={editing}
          known={known.find(({ name }) => name === editing.use)}
          mayWrite={mayWrite}
          close={() => setEditing(undefined)}
          save={(step) => {
            const at = steps.findIndex(({ id }) => id === step.id);
            set(at === -1 ? [...steps, step] : steps.with(at, step));
            setEditing(undefined);
          }}
        />
      )}
    </div>
  );
}

interface StepRowProps {
  readonly step: Step;
  readonly index: number;
  readonly count: number;
  readonly mayWrite: boolean;
  readonly dragged: number | undefined;
  readonly setDragged: (index: number | undefined) => void;
  readonly move: (from: number, to: number) => void;
  readonly remove: () => void;
  readonly edit: () => void;
}

function StepRow({ step, index, count, mayWrite, dragged, setDragged, move, remove, edit }: StepRowProps) {
  const say = useText();
  const keys = (event: KeyboardEvent): void => {
    if (!mayWrite || !event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    move(index, index + (event.key === 'ArrowUp' ? -1 : 1));
  };
  const over = (event: DragEvent): void => {
    if (dragged === undefined) return;
    event.preventDefault();
    if (dragged === index) return;
    move(dragged, index);
    setDragged(index);
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a row of a list that keys move; its buttons do the same
    <li
      tabIndex={0}
      draggable={mayWrite}
      onDragStart={() => setDragged(index)}
      onDragOver={over}
      onDragEnd={() => setDragged(undefined)}
      onKeyDown={keys}
      className={classNames('flex flex-wrap items-center gap-2 rounded-lg border border-line bg-canvas px-3 py-2', mayWrite && 'cursor-grab', dragged === index && 'opacity-60')}
    >
      <span className="grid size-6 shrink-0 place-items-center rounded-full bg-sunken text-[0.86em] tabular-nums text-soft">{index + 1}</span>
      <span className="font-medium">{step.use}</span>
      {step.servers !== undefined && <Badge>{step.servers.join(', ')}</Badge>}
      {step.names !== undefined && <Badge>{step.names.join(', ')}</Badge>}
      {step.onFailure !== undefined && <Badge tone={step.onFailure === 'open' ? 'warn' : 'plain'}>{say(`middleware.failure.${step.onFailure}`)}</Badge>}
      <span className="ml-auto flex">
        {mayWrite && (
          <>
            <IconButton icon="up" size="small" label={say('middleware.earlier', { name: step.use })} disabled={index === 0} onClick={() => move(index, index - 1)} />
            <IconButton icon="down" size="small" label={say('middleware.later', { name: step.use })} disabled={index === count - 1} onClick={() => move(index, index + 1)} />
            <IconButton icon="trash" size="small" label={`${say('common.delete')}: ${step.use}`} onClick={remove} />
          </>
        )}
        <IconButton icon="edit" size="small" label={say('middleware.options', { name: step.use })} onClick={edit} />
      </span>
    </li>
  );
}

interface StepDialogProps {
  readonly step: Step;
  readonly known: Known | undefined;
  readonly mayWrite: boolean;
  readonly close: () => void;
  readonly save: (step: Step) => void;
}

function StepDialog({ step, known, mayWrite, close, save }: StepDialogProps) {
  const say = useText();
  const [text, setText] = useState(JSON.stringify(step.with ?? {}, null, 2));
  const [onFailure, setOnFailure] = useState<string>(step.onFailure ?? '');
  const options = parseJsonObject(text);
  const submit = (): void => {
    const { onFailure: _, ...rest } = step;
    if (options !== undefined) save({ ...rest, with: options, ...((onFailure === 'open' || onFailure === 'closed') && { onFailure }) });
  };
  return (
    <Dialog isOpen close={close} width="wide" title={step.use} description={known?.description}>
      <Form problem={undefined} submit={submit}>
        <div className="grid items-start gap-4 md:grid-cols-2">
          <CodeField label={say('middleware.with')} value={text} set={setText} isReadOnly={!mayWrite} />
          <div className="grid gap-1">
            <span className="font-medium">{say('middleware.schema')}</span>
            <JsonView label={say('middleware.schema')} value={known?.options ?? {}} />
          </div>
        </div>
        <SelectField
          label={say('middleware.onFailure')}
          value={onFailure}
          set={setOnFailure}
          disabled={!mayWrite}
          options={[{ value: '', label: say('middleware.own', { what: say(`middleware.failure.${known?.onFailure ?? 'closed'}`) }) }, ...(['closed', 'open'] as const).map((value) => ({ value, label: say(`middleware.failure.${value}`) }))]}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={close}>{say('common.cancel')}</Button>
          {mayWrite && (
            <Button type="submit" look="accent" disabled={options === undefined}>
              {say('middleware.take')}
            </Button>
          )}
        </div>
      </Form>
    </Dialog>
  );
}
