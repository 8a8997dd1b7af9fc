/**
 * Rows that have no end: newest first, read page after page as somebody scrolls, and only those in view are drawn. A row is
 * chosen by a click, or by the arrow keys and Enter.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { useText } from '../texts/texts.ts';
import { Button, Spinner } from './button.tsx';
import { classNames } from './class-names.ts';
import { Skeleton } from './page.tsx';
import { ProblemNotice } from './problem-notice.tsx';

export interface RecordColumn<Row> {
  readonly id: string;
  readonly text: string;
  readonly cell: (row: Row) => ReactNode;
  readonly isNumber?: boolean;
  /** Only from this width on. */
  readonly from?: 'sm' | 'md' | 'lg' | 'xl' | '2xl';
}

interface RecordTableProps<Row> {
  readonly label: string;
  /** Undefined before the first page is there. */
  readonly rows: readonly Row[] | undefined;
  readonly columns: readonly RecordColumn<Row>[];
  readonly rowKey: (row: Row) => string;
  readonly open: (row: Row) => void;
  readonly actions?: (row: Row) => ReactNode;
  readonly hasMore: boolean;
  readonly isReading: boolean;
  readonly more: () => void;
  readonly again: () => void;
  readonly problem: ApiProblem | undefined;
  readonly empty: ReactNode;
  /** Key of the row that is open now. */
  readonly current?: string | undefined;
}

const ROW_PX = 45;
/** So many rows before the end the next page is asked for. */
const AHEAD_ROWS = 40;
const FROM = { sm: 'max-sm:hidden', md: 'max-md:hidden', lg: 'max-lg:hidden', xl: 'max-xl:hidden', '2xl': 'max-2xl:hidden' } as const;

export function RecordTable<Row>(props: RecordTableProps<Row>) {
  const { rows, problem, empty, again } = props;
  if (rows === undefined) return problem === undefined ? <Skeleton rows={8} /> : <ProblemNotice problem={problem} retry={again} />;
  return (
    <>
      {problem !== undefined && <ProblemNotice problem={problem} retry={again} />}
      {rows.length === 0 ? <div className="panel">{empty}</div> : <Rows {...props} rows={rows} />}
    </>
  );
}

function Rows<Row>(props: RecordTableProps<Row> & { readonly rows: readonly Row[] }) {
  const { rows, columns, label, rowKey, actions, hasMore, isReading, more, problem } = props;
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW_PX, overscan: 15, getItemKey: (index) => (rows[index] === undefined ? index : rowKey(rows[index])) });
  const items = virtual.getVirtualItems();
  const isNearEnd = hasMore && !isReading && problem === undefined && (items.at(-1)?.index ?? 0) >= rows.length - AHEAD_ROWS;
  useEffect(() => {
    if (isNearEnd) more();
  }, [isNearEnd, more]);
  const width = columns.length + (actions === undefined ? 0 : 1);
  return (
    <div className="panel min-w-0 overflow-hidden">
      <div ref={box} className="scrolls max-h-[68vh] overflow-auto">
        <table aria-label={label} aria-rowcount={hasMore ? -1 : rows.length} className="w-full border-collapse text-left">
          <Head columns={columns} hasActions={actions !== undefined} />
          <tbody>
            <Gap px={items[0]?.start ?? 0} width={width} />
            {items.map(({ index }) => (rows[index] === undefined ? null : <Line key={rowKey(rows[index])} {...props} row={rows[index]} />))}
            <Gap px={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)} width={width} />
          </tbody>
        </table>
      </div>
      <Foot count={rows.length} hasMore={hasMore} isReading={isReading} more={more} />
    </div>
  );
}

function Head<Row>({ columns, hasActions }: { readonly columns: readonly RecordColumn<Row>[]; readonly hasActions: boolean }) {
  const say = useText();
  return (
    <thead className="sticky top-0 z-10 bg-surface">
      <tr className="border-b border-line text-soft">
        {columns.map((column) => (
          <th key={column.id} className={placeOf(column, 'py-2 font-medium whitespace-nowrap')}>
            {column.text}
          </th>
        ))}
        {hasActions && (
          <th className="sticky right-0 w-0 bg-surface px-3 py-2">
            <span className="sr-only">{say('table.actions')}</span>
          </th>
        )}
      </tr>
    </thead>
  );
}

function Line<Row>({ row, columns, rowKey, open, actions, current }: RecordTableProps<Row> & { readonly row: Row }) {
  const isCurrent = rowKey(row) === current;
  const keys = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.key === 'Enter' && event.target === event.currentTarget) open(row);
    else moveByArrows(event);
  };
  return (
    <tr
      tabIndex={0}
      aria-current={isCurrent || undefined}
      style={{ height: ROW_PX }}
      className={classNames('group cursor-pointer border-b border-line last:border-b-0 hover:bg-canvas focus-visible:-outline-offset-2', isCurrent && 'bg-accent-wash/60')}
      onClick={(event) => isPlain(event.target) && open(row)}
      onKeyDown={keys}
    >
      {columns.map((column) => (
        <td key={column.id} className={placeOf(column, 'py-1.5')}>
          {column.cell(row)}
        </td>
      ))}
      {actions !== undefined && <td className={classNames('sticky right-0 w-0 px-3 py-1', isCurrent ? 'bg-accent-wash' : 'bg-surface group-hover:bg-canvas')}>{actions(row)}</td>}
    </tr>
  );
}

function Foot({ count, hasMore, isReading, more }: { readonly count: number; readonly hasMore: boolean; readonly isReading: boolean; readonly more: () => void }) {
  const say = useText();
  return (
    <div className="flex min-h-10 items-center justify-between gap-3 border-t border-line px-4 py-1.5 text-soft">
      <span role="status" className="tabular-nums">
        {say(hasMore ? 'records.readSoFar' : 'records.all', { count })}
      </span>
      {isReading && <Spinner />}
      {hasMore && !isReading && (
        <Button size="small" onClick={more}>
          {say('records.older')}
        </Button>
      )}
    </div>
  );
}

function placeOf<Row>({ from, isNumber }: RecordColumn<Row>, more: string): string {
  return classNames('px-3 align-middle', more, from && FROM[from], isNumber === true && 'text-right tabular-nums');
}

/** Not a control of its own; what a control opened elsewhere reports its clicks here too. */
function isPlain(target: EventTarget): boolean {
  return !(target instanceof Element) || target.closest('a, button, input, select, label, [role=menuitem], [role=menu], [role=dialog]') === null;
}

function moveByArrows(event: KeyboardEvent<HTMLElement>): void {
  const row = event.target instanceof Element ? event.target.closest('tr') : null;
  const next = event.key === 'ArrowDown' ? row?.nextElementSibling : event.key === 'ArrowUp' ? row?.previousElementSibling : null;
  if (!(next instanceof HTMLElement) || next.tabIndex !== 0) return;
  event.preventDefault();
  next.focus();
}

function Gap({ px, width }: { readonly px: number; readonly width: number }) {
  if (px <= 0) return null;
  return (
    <tr aria-hidden style={{ height: px }}>
      <td colSpan={width} />
    </tr>
  );
}
