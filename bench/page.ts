/** The page that shows the figures: what was measured, how, and what came of it. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Footprint, Row } from './measure.ts';
import { fixed } from './report.ts';

const PATH = fileURLToPath(new URL('../docs/performance.md', import.meta.url));

const WHAT: Readonly<Record<string, string>> = {
  'legacy-32': '32 clients with sessions (2025-11-25), each one call after the other',
  'modern-32': '32 clients without sessions (2026-07-28)',
  'governed-32': 'as legacy-32, with two policies and four limits on each call beside all else',
  'legacy-1': 'one client with a session',
  'modern-1': 'one client without',
  'stdio-32': '32 clients with sessions, a server over stdio; the floor here is a multiplexer that gives messages ids and knows no more of MCP',
  'list-1000': '4 clients that list a thousand tools',
};

const ABOUT = `# Performance

Written by \`npm run bench -- --update-baseline\`; \`npm run bench\` measures again and says what is worse by more than 5 %.

A call is a \`tools/call\` of an echo tool, about a hundred bytes, over HTTP connections that stay open. Three things are asked in turn,
in slices of one second: the server itself, the *floor* (a reverse proxy on \`node:http\` that knows nothing of MCP) and the gateway,
with an API key and everything that is on by default: limits, record of calls, log, metrics. The main thread of what is measured has a
core to itself; its other threads (V8's, and the one that writes the record) share the other core with all else. CPU is that of all threads. Each is asked for twelve seconds before anything
counts, so that its code is optimised, and for two before its slices of a round, since a process that idled must optimise most of it
again. In each of three rounds they take three slices in turn, one right after the other, and a figure is the median over these nine.
After each slice all wait until the process is idle. What it did meanwhile is the last column: the gateway writes the record of calls
as lines at once, and makes rows of them when there is time.
Figures of another machine, or of another minute, differ; what holds is the ratio to the floor of the same run.
`;

export async function writePage(rows: readonly Row[], prints: readonly Footprint[]): Promise<void> {
  const profiles = [...new Set(rows.map(({ profile }) => profile))];
  await writeFile(PATH, [ABOUT, ...profiles.map((profile) => section(profile, rows.filter((row) => row.profile === profile))), footprints(prints)].join('\n'));
}

function section(profile: string, rows: readonly Row[]): string {
  const lines = rows.map(
    ({ target, callsPerSecond, ofFloor, addedP50Ms, addedP99Ms, cpuUsPerCall, cpuOfFloor, laterUsPerCall }) =>
      `| ${target} | ${fixed(callsPerSecond, 0)} | ${fixed(ofFloor, 2)} | ${fixed(addedP50Ms, 3)} | ${fixed(addedP99Ms, 3)} | ${fixed(cpuUsPerCall, 1)} | ${fixed(cpuOfFloor, 2)} | ${fixed(laterUsPerCall, 1)} |`,
  );
  return `## ${profile}: ${WHAT[profile] ?? profile}

| target | calls/s | of the floor | added p50, ms | added p99, ms | CPU, µs a call | of the floor | later, µs a call |
|---|---|---|---|---|---|---|---|
${lines.join('\n')}
`;
}

function footprints(prints: readonly Footprint[]): string {
  const lines = prints.map(({ target, startMs, rssMb }) => `| ${target} | ${fixed(startMs, 0)} | ${fixed(rssMb, 0)} |`);
  return `## Start and memory

| target | ms from start to the first list | MB resident after all calls |
|---|---|---|
${lines.join('\n')}
`;
}
