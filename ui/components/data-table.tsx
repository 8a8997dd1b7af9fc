/**
 * Every table: search, filters and order are in the address, rows beyond two hundred are drawn when they come into view,
 * and a row is reached and opened by keyboard.
 */
import { createColumnHelper, createSortedRowModel, rowSortingFeature, tableFeatures, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useDeferredValue, useMemo, useRef } from 'react';
import { useText } from '../texts/texts.ts';
import { classNames } from './class-names.ts';
import { EmptyState } from './empty-state.tsx';
import { Icon } from './icon.tsx';
import { useSetUrl, useUrlValues } from './url-state.ts';

type Value = string | number | boolean | null;

export interface Column<Row> {
  readonly id: string;
  readonly text: string;
  /** What it is sorted by, and found by where it is a text. */
  readonly value: (row: Row) => Value;
  /** What is shown; without it the value. */
  readonly cell?: (row: Row) => ReactNode;
  readonly isNumber?: boolean;
  /** Only from this width on. */
  readonly from?: 'sm' | 'md' | 'lg' | 'xl' | '2xl';
  readonly isSortable?: boolean;
}

export interface Filter<Row> {
  /** Its name in the address. */
  readonly id: string;
  readonly text: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
  readonly matches: (row: Row, value: string) => boolean;
}

export interface Selection {
  readonly keys: ReadonlySet<string>;
  readonly set: (keys: ReadonlySet<string>) => void;
}

interface DataTableProps<Row> {
  /** Of the whole table, for those who hear it. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  readonly filters?: readonly Filter<Row>[];
  /** What Enter or a click on the row does. */
  readonly open?: (row: Row) => void;
  /** Buttons at the end of a row. */
  readonly actions?: ((row: Row) => ReactNode) | undefined;
  readonly selection?: Selection | undefined;
  /** Shown instead where there is no row at all. */
  readonly empty?: ReactNode;
  /** Beside the search. */
  readonly tools?: ReactNode;
  /** In front of the names in the address, where a page has two tables. */
  readonly prefix?: string;
  readonly hasSearch?: boolean;
}

const VIRTUAL_ROWS_MIN = 200;
const ROW_PX = 45;
const FROM = { sm: 'max-sm:hidden', md: 'max-md:hidden', lg: 'max-lg:hidden', xl: 'max-xl:hidden', '2xl': 'max-2xl:hidden' } as const;

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });

export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const { rows, filters = [], prefix = '', empty, columns } = props;
  const values = useUrlValues();
  const query = useDeferredValue((values[`${prefix}q`] ?? '').trim().toLowerCase());
  const found = useMemo(
    () => rows.filter((row) => matchesText(row, columns, query) && filters.every((filter) => matchesFilter(row, filter, values[prefix + filter.id]))),
    [rows, columns, query, filters, values, prefix],
  );
  if (rows.length === 0 && empty !== undefined) return <div className="panel">{empty}</div>;
  return (
    <div className="panel min-w-0 overflow-hidden">
      <Toolbar {...props} found={found.length} />
      {found.length === 0 ? <NothingFound {...props} /> : <Rows {...props} rows={found} />}
    </div>
  );
}

function matchesText<Row>(row: Row, columns: readonly Column<Row>[], query: string): boolean {
  return query === '' || columns.some((column) => String(column.value(row) ?? '').toLowerCase().includes(query));
}

function matchesFilter<Row>(row: Row, filter: Filter<Row>, value: string | undefined): boolean {
  return value === undefined || value === '' || filter.matches(row, value);
}

function Toolbar<Row>({ filters = [], tools, prefix = '', rows, found, label, hasSearch = true }: DataTableProps<Row> & { readonly found: number }) {
  const say = useText();
  const values = useUrlValues();
  const setUrl = useSetUrl();
  if (!hasSearch && filters.length === 0 && tools === undefined) return null;
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-2.5">
      {hasSearch && (
        <div className="relative w-full sm:w-72">
          <span className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-soft">
            <Icon name="search" />
          </span>
          <input
            type="search"
            data-search
            className="field pl-8"
            placeholder={say('table.search')}
            aria-label={say('table.searchIn', { table: label })}
            value={values[`${prefix}q`] ?? ''}
            onChange={(event) => setUrl({ [`${prefix}q`]: event.target.value })}
          />
        </div>
      )}
      {filters.map((filter) => (
        <select key={filter.id} aria-label={filter.text} className="field w-auto max-w-full" value={values[prefix + filter.id] ?? ''} onChange={(event) => setUrl({ [prefix + filter.id]: event.target.value })}>
          <option value="">{`${filter.text}: ${say('table.all')}`}</option>
          {filter.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.text}
            </option>
          ))}
        </select>
      ))}
      <span className="text-soft tabular-nums" role="status">
        {found === rows.length ? say('table.count', { count: rows.length }) : say('table.countOf', { found, count: rows.length })}
      </span>
      {tools !== undefined && <div className="ml-auto flex flex-wrap items-center gap-2">{tools}</div>}
    </div>
  );
}

function NothingFound<Row>({ filters = [], prefix = '' }: DataTableProps<Row>) {
  const say = useText();
  const setUrl = useSetUrl();
  const clear = (): void => setUrl(Object.fromEntries([`${prefix}q`, ...filters.map(({ id }) => prefix + id)].map((name) => [name, undefined])));
  return (
    <EmptyState
      icon="search"
      title={say('table.nothingFound')}
      action={
        <button type="button" className="text-accent underline" onClick={clear}>
          {say('table.clear')}
        </button>
      }
    />
  );
}

function Rows<Row extends object>(props: DataTableProps<Row>) {
  const { columns, label, selection } = props;
  const sorted = useSorted(props);
  const { box, isVirtual, shown, before, after } = useWindow(sorted);
  const width = columns.length + (props.actions === undefined ? 0 : 1) + (selection === undefined ? 0 : 1);
  return (
    <div ref={box} className={classNames('scrolls overflow-x-auto', isVirtual && 'max-h-[70vh] overflow-y-auto')}>
      <table aria-label={label} aria-rowcount={sorted.length} className="w-full border-collapse text-left">
        <Head {...props} keys={sorted.map(({ id }) => id)} />
        <tbody>
          <Gap px={before} width={width} />
          {shown.map((row) => (
            <Line key={row.id} {...props} row={row.original} />
          ))}
          <Gap px={after} width={width} />
        </tbody>
      </table>
    </div>
  );
}

interface Sorted<Row> {
  readonly id: string;
  readonly original: Row;
}

function useSorted<Row extends object>({ rows, columns, rowKey, prefix = '' }: DataTableProps<Row>): readonly Sorted<Row>[] {
  const sort = useUrlValues()[`${prefix}sort`] ?? '';
  const sorting = useMemo(() => (sort === '' ? [] : [{ id: sort.replace(/^-/, ''), desc: sort.startsWith('-') }]), [sort]);
  const definitions = useMemo(() => {
    const helper = createColumnHelper<typeof features, Row>();
    return helper.columns(columns.map((column) => helper.accessor((row) => column.value(row), { id: column.id, sortFn: (one, other, id) => compare(one.getValue(id), other.getValue(id)) })));
  }, [columns]);
  return useTable({ features, columns: definitions, data: rows as Row[], state: { sorting }, getRowId: rowKey }).getRowModel().rows;
}

/** Which rows are drawn, and how much room the others take. */
function useWindow<Row>(sorted: readonly Row[]) {
  const box = useRef<HTMLDivElement>(null);
  const isVirtual = sorted.length > VIRTUAL_ROWS_MIN;
  const virtual = useVirtualizer({ count: isVirtual ? sorted.length : 0, getScrollElement: () => box.current, estimateSize: () => ROW_PX, overscan: 12 });
  if (!isVirtual) return { box, isVirtual, shown: sorted, before: 0, after: 0 };
  const items = virtual.getVirtualItems();
  return { box, isVirtual, shown: items.flatMap(({ index }) => sorted[index] ?? []), before: items[0]?.start ?? 0, after: virtual.getTotalSize() - (items.at(-1)?.end ?? 0) };
}

function Head<Row>({ columns, selection, actions, prefix = '', keys }: DataTableProps<Row> & { readonly keys: readonly string[] }) {
  const say = useText();
  const sort = useUrlValues()[`${prefix}sort`] ?? '';
  const setUrl = useSetUrl();
  const turn = (id: string): void => setUrl({ [`${prefix}sort`]: sort === id ? `-${id}` : sort === `-${id}` ? undefined : id });
  return (
    <thead className="sticky top-0 z-10 bg-surface">
      <tr className="border-b border-line text-soft">
        {selection !== undefined && (
          <th className="w-0 py-2 pl-4">
            <SelectAll selection={selection} keys={keys} />
          </th>
        )}
        {columns.map((column) => (
          <Heading key={column.id} column={column} sort={sort} turn={turn} />
        ))}
        {actions !== undefined && (
          <th className="sticky right-0 w-0 bg-surface px-3 py-2">
            <span className="sr-only">{say('table.actions')}</span>
          </th>
        )}
      </tr>
    </thead>
  );
}

function compare(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  // What is not there comes last.
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
  return String(one).localeCompare(String(other), undefined, { numeric: true });
}

function Gap({ px, width }: { readonly px: number; readonly width: number }) {
  if (px <= 0) return null;
  return (
    <tr aria-hidden style={{ height: px }}>
      <td colSpan={width} />
    </tr>
  );
}

interface HeadingProps<Row> {
  readonly column: Column<Row>;
  readonly sort: string;
  readonly turn: (id: string) => void;
}

function Heading<Row>({ column, sort, turn }: HeadingProps<Row>) {
  const direction = sort === column.id ? 'ascending' : sort === `-${column.id}` ? 'descending' : undefined;
  const place = classNames('px-4 py-2 font-medium whitespace-nowrap', column.from && FROM[column.from], column.isNumber === true && 'text-right');
  if (column.isSortable === false) return <th className={place}>{column.text}</th>;
  return (
    <th aria-sort={direction ?? 'none'} className={place}>
      <button type="button" className="-mx-1 inline-flex items-center gap-1 rounded px-1 hover:text-ink" onClick={() => turn(column.id)}>
        {column.text}
        <span className={classNames('size-3.5', direction === undefined && 'opacity-0')}>
          <Icon name={direction === 'descending' ? 'down' : 'up'} size={14} />
        </span>
      </button>
    </th>
  );
}

function Line<Row extends object>({ row, columns, rowKey, open, actions, selection }: DataTableProps<Row> & { readonly row: Row }) {
  const key = rowKey(row);
  const isSelected = selection?.keys.has(key);
  return (
    <tr
      aria-selected={isSelected}
      className={classNames('group border-b border-line last:border-b-0', open !== undefined && 'cursor-pointer hover:bg-canvas', isSelected === true && 'bg-accent-wash/50')}
      onClick={(event) => {
        if (open === undefined || (event.target instanceof Element && event.target.closest('a, button, input, label, select, [role=switch], [role=menuitem]') !== null)) return;
        open(row);
      }}
    >
      {selection !== undefined && (
        <td className="w-0 pl-4">
          <Check label={key} isOn={isSelected === true} set={(isOn) => selection.set(withKey(selection.keys, key, isOn))} />
        </td>
      )}
      {columns.map((column) => (
        <td key={column.id} className={classNames('px-4 py-2.5 align-middle', column.from && FROM[column.from], column.isNumber === true && 'text-right tabular-nums')}>
          {column.cell === undefined ? String(column.value(row) ?? '–') : column.cell(row)}
        </td>
      ))}
      {actions !== undefined && (
        <td className="sticky right-0 w-0 bg-surface px-3 py-1.5 group-hover:bg-canvas">
          <div className="flex items-center justify-end gap-1">{actions(row)}</div>
        </td>
      )}
    </tr>
  );
}

function SelectAll({ selection, keys }: { readonly selection: Selection; readonly keys: readonly string[] }) {
  const say = useText();
  const isAll = keys.length > 0 && keys.every((key) => selection.keys.has(key));
  return <Check label={say('table.selectAll')} isOn={isAll} set={(isOn) => selection.set(new Set(isOn ? keys : []))} />;
}

function Check({ label, isOn, set }: { readonly label: string; readonly isOn: boolean; readonly set: (isOn: boolean) => void }) {
  return <input type="checkbox" aria-label={label} className="size-4 accent-accent" checked={isOn} onChange={(event) => set(event.target.checked)} />;
}

function withKey(keys: ReadonlySet<string>, key: string, isOn: boolean): ReadonlySet<string> {
  const next = new Set(keys);
  if (isOn) next.add(key);
  else next.delete(key);
  return next;
}
