/**
 * A graph of steps laid out from left to right: each stands in the column after the last of those that it waits for.
 * Columns keep the order of their steps by the middle of what leads to them, so that lines cross little.
 */

export interface Edge {
  readonly from: string;
  readonly to: string;
}

export interface PlacedStep {
  readonly id: string;
  /** Left upper corner. */
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly steps: readonly PlacedStep[];
  /** Of an SVG path each. */
  readonly lines: readonly string[];
  readonly width: number;
  readonly height: number;
}

export const STEP_WIDTH_PX = 168;
export const STEP_HEIGHT_PX = 46;
const GAP_X_PX = 56;
const GAP_Y_PX = 16;
const MARGIN_PX = 6;

/** Edges from or to steps that are not there, and what goes in a circle, are left out of the order. */
export function layOut(ids: readonly string[], edges: readonly Edge[]): Layout {
  const known = edges.filter(({ from, to }) => ids.includes(from) && ids.includes(to) && from !== to);
  const columns = orderRows(toColumns(ids, known), known);
  const rowsMax = Math.max(0, ...columns.map((column) => column.length));
  const height = 2 * MARGIN_PX + Math.max(0, rowsMax * (STEP_HEIGHT_PX + GAP_Y_PX) - GAP_Y_PX);
  const steps = columns.flatMap((column, at) => {
    const top = (height - (column.length * (STEP_HEIGHT_PX + GAP_Y_PX) - GAP_Y_PX)) / 2;
    return column.map((id, row) => ({ id, x: MARGIN_PX + at * (STEP_WIDTH_PX + GAP_X_PX), y: top + row * (STEP_HEIGHT_PX + GAP_Y_PX) }));
  });
  const placeOf = new Map(steps.map((step) => [step.id, step]));
  const lines = known.flatMap(({ from, to }) => {
    const [start, end] = [placeOf.get(from), placeOf.get(to)];
    return start === undefined || end === undefined ? [] : [lineBetween(start, end)];
  });
  return { steps, lines, width: 2 * MARGIN_PX + Math.max(0, columns.length * (STEP_WIDTH_PX + GAP_X_PX) - GAP_X_PX), height };
}

function toColumns(ids: readonly string[], edges: readonly Edge[]): string[][] {
  const columns: string[][] = [];
  let left = [...new Set(ids)];
  while (left.length > 0) {
    const waiting = new Set(left);
    const ready = left.filter((id) => !edges.some(({ from, to }) => to === id && waiting.has(from)));
    // All that is left goes in a circle: it stands at the end.
    columns.push(ready.length === 0 ? left : ready);
    left = ready.length === 0 ? [] : left.filter((id) => !ready.includes(id));
  }
  return columns;
}

function orderRows(columns: readonly string[][], edges: readonly Edge[]): readonly (readonly string[])[] {
  const rows = new Map<string, number>();
  return columns.map((column) => {
    const middle = (id: string): number => {
      const before = edges.flatMap(({ from, to }) => (to === id ? [rows.get(from) ?? 0] : []));
      return before.length === 0 ? 0 : before.reduce((sum, row) => sum + row, 0) / before.length;
    };
    const ordered = column.toSorted((one, other) => middle(one) - middle(other));
    ordered.forEach((id, row) => rows.set(id, row - (ordered.length - 1) / 2));
    return ordered;
  });
}

function lineBetween(start: PlacedStep, end: PlacedStep): string {
  const [x1, y1, x2, y2] = [start.x + STEP_WIDTH_PX, start.y + STEP_HEIGHT_PX / 2, end.x, end.y + STEP_HEIGHT_PX / 2];
  const bend = Math.max(24, (x2 - x1) / 2);
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

export interface DefinedStep {
  readonly id: string;
  readonly tool: string;
  readonly needs: readonly string[];
}

/** The steps of a definition that somebody may still be writing: what is no step yet is left out. */
export function stepsOf(definition: Readonly<Record<string, unknown>> | undefined): readonly DefinedStep[] {
  const steps = definition?.['steps'];
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((step: unknown) => {
    if (typeof step !== 'object' || step === null || !('id' in step) || typeof step.id !== 'string') return [];
    const given = 'needs' in step && Array.isArray(step.needs) ? step.needs.filter((need): need is string => typeof need === 'string') : [];
    const referred = [...JSON.stringify(step).matchAll(/"\$\.steps\.([a-z][a-z0-9_]*)/g)].map(([, id = '']) => id);
    return [{ id: step.id, tool: 'tool' in step && typeof step.tool === 'string' ? step.tool : '', needs: [...new Set([...given, ...referred])] }];
  });
}

export function edgesOf(steps: readonly DefinedStep[]): readonly Edge[] {
  return steps.flatMap(({ id, needs }) => needs.map((from) => ({ from, to: id })));
}
