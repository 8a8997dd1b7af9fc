/** Results on stdout: JSON for machines, plain text for people. */
import type { CliHost } from './host.ts';

export function printJson(host: CliHost, value: unknown): void {
  host.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function printLines(host: CliHost, lines: readonly string[]): void {
  for (const line of lines) host.stdout.write(`${line}\n`);
}

/** Columns as wide as their longest cell; what servers say is made harmless for a terminal. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const cells = [head, ...rows].map((row) => row.map(plain));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** One line without control characters, so that a description cannot move the cursor or forge a row. */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim();
}

/** Text of several lines without control characters other than line end and tab. */
export function plainBlock(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(?![\n\t])[\p{Cc}]/gu, '');
}

export function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}
