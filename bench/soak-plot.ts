/** Lines over calls as SVG, without any library: what grew is seen at a glance. */
import type { SoakSample } from './soak-verdict.ts';

interface Line {
  readonly name: string;
  readonly color: string;
  readonly read: (sample: SoakSample) => number;
}

const MIB = 2 ** 20;
const PLOTS: Readonly<Record<string, { readonly unit: string; readonly lines: readonly Line[] }>> = {
  memory: { unit: 'MiB', lines: [{ name: 'resident', color: '#1f6feb', read: ({ rssBytes }) => rssBytes / MIB }, { name: 'heap', color: '#bf3989', read: ({ heapBytes }) => heapBytes / MIB }] },
  descriptors: { unit: '', lines: [{ name: 'descriptors', color: '#1f6feb', read: ({ descriptors }) => descriptors }, { name: 'processes', color: '#bf3989', read: ({ children }) => children }, { name: 'sessions', color: '#1a7f37', read: ({ sessions }) => sessions }] },
  latency: { unit: 'ms', lines: [{ name: 'p50', color: '#1f6feb', read: ({ p50Ms }) => p50Ms }, { name: 'p99', color: '#bf3989', read: ({ p99Ms }) => p99Ms }] },
};
const [WIDTH, HEIGHT, MARGIN] = [900, 320, 60];

/** Texts by name of the plot. */
export function toSvg(samples: readonly SoakSample[]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(PLOTS).map(([name, { unit, lines }]) => [name, plot({ title: name, unit, lines }, samples)]));
}

function plot({ title, unit, lines }: { readonly title: string; readonly unit: string; readonly lines: readonly Line[] }, samples: readonly SoakSample[]): string {
  const callsMax = Math.max(1, ...samples.map(({ calls }) => calls));
  const valueMax = Math.max(1, ...lines.flatMap(({ read }) => samples.map(read))) * 1.1;
  const x = (calls: number): string => (MARGIN + (calls / callsMax) * (WIDTH - 2 * MARGIN)).toFixed(1);
  const y = (value: number): string => (HEIGHT - MARGIN - (value / valueMax) * (HEIGHT - 2 * MARGIN)).toFixed(1);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => `<path d="M${MARGIN} ${y(valueMax * share)}H${WIDTH - MARGIN}" stroke="#d0d7de"/><text x="${MARGIN - 6}" y="${y(valueMax * share)}" text-anchor="end">${(valueMax * share).toFixed(valueMax < 20 ? 1 : 0)}</text>`);
  const drawn = lines.map(({ name, color, read }, index) => {
    const points = samples.map((sample) => `${x(sample.calls)},${y(read(sample))}`).join(' ');
    return `<polyline fill="none" stroke="${color}" stroke-width="1.5" points="${points}"/><text x="${MARGIN + 10 + index * 120}" y="24" fill="${color}">${name}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12"><title>${title}</title><rect width="100%" height="100%" fill="#fff"/>${grid.join('')}${drawn.join('')}<text x="${WIDTH - MARGIN}" y="24" text-anchor="end">${unit}</text><text x="${WIDTH - MARGIN}" y="${HEIGHT - 20}" text-anchor="end">${callsMax} calls</text></svg>\n`;
}
