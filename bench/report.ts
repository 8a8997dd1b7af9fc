/** The run as a table for people. */
import type { Footprint, Row } from './measure.ts';

const HEADER = ['profile', 'target', 'calls/s', 'of floor', 'added p50 ms', 'added p99 ms', 'CPU µs/call', 'of floor', 'later µs/call'];

export function formatRows(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.profile,
    row.target,
    fixed(row.callsPerSecond, 0),
    fixed(row.ofFloor, 2),
    fixed(row.addedP50Ms, 3),
    fixed(row.addedP99Ms, 3),
    fixed(row.cpuUsPerCall, 1),
    fixed(row.cpuOfFloor, 2),
    fixed(row.laterUsPerCall, 1),
  ]);
  return table([HEADER, ...cells]);
}

export function formatFootprints(prints: readonly Footprint[]): string {
  const cells = prints.map((print) => [print.target, fixed(print.startMs, 0), fixed(print.rssMb, 0)]);
  return table([['target', 'ms to first list', 'RSS MB after'], ...cells]);
}

export function fixed(figure: number, digits: number): string {
  return Number.isFinite(figure) ? figure.toFixed(digits) : '-';
}

function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column < 2 && Number.isNaN(Number(cell)) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
