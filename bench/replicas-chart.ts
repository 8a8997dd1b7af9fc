/** The drawing of docs/scaling.md: the share of one database that gateways take by being there, on logarithmic axes. */

export interface ScalingModel {
  readonly beats: readonly { readonly gateways: number; readonly beatsPerSecond: number }[];
  readonly sessionsPerSecond: number;
  readonly notices: readonly { readonly listeners: number; readonly noticesPerSecond: number; readonly lateMs: number }[];
  /** Decisions of limits a second. */
  readonly limitsPerSecond: number;
}

/** Of each gateway of the model: decisions of limits, sessions opened and configuration changes or moved sessions, a second. */
export const LOAD_OF_ONE = { decisions: 100, sessions: 1, notices: 0.1 } as const;

const WIDTH = 720;
const HEIGHT = 420;
const FRAME = { left: 70, right: 200, top: 30, bottom: 50 };
const GATEWAYS = [1, 10_000] as const;
const SHARE = [0.001, 100] as const;
const COLOURS = ['#b3261e', '#1f5fbf', '#2e7d32', '#8a5a00'];

export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [gateways: number, share: number])[];
}

/** Above 1 the store is full. What a notice costs grows with those who listen, which is how it is measured. */
export function curvesOf({ beats, sessionsPerSecond, notices, limitsPerSecond }: ScalingModel): readonly Curve[] {
  const sizes = beats.map(({ gateways }) => gateways);
  const last = notices.at(-1);
  const deliveriesPerSecond = last === undefined ? Infinity : last.listeners * last.noticesPerSecond;
  return [
    { name: 'heartbeats', points: beats.map(({ gateways, beatsPerSecond }) => [gateways, gateways / beatsPerSecond]) },
    { name: 'notices', points: sizes.map((size) => [size, (size * size * LOAD_OF_ONE.notices) / deliveriesPerSecond]) },
    { name: 'limits (Valkey)', points: sizes.map((size) => [size, (size * LOAD_OF_ONE.decisions) / limitsPerSecond]) },
    { name: 'session rows', points: sizes.map((size) => [size, (size * LOAD_OF_ONE.sessions) / sessionsPerSecond]) },
  ];
}

/** How many gateways fill the store; undefined: more than were measured. */
export function fullAt({ points }: Curve): number | undefined {
  for (let index = 0; index < points.length; index++) {
    const [size, share] = points[index] ?? [0, 0];
    if (share < 1) continue;
    const [before, lower] = points[index - 1] ?? [size, share];
    if (lower >= 1) return Math.round(size);
    const part = Math.log(1 / lower) / Math.log(share / lower);
    return Math.round(before * (size / before) ** part);
  }
  return undefined;
}

export function drawModel(model: ScalingModel): string {
  const right = WIDTH - FRAME.right;
  const bottom = HEIGHT - FRAME.bottom;
  const along = (value: number, [from, to]: readonly [number, number], start: number, end: number): number => start + ((Math.log10(value) - Math.log10(from)) / (Math.log10(to) - Math.log10(from))) * (end - start);
  const x = (gateways: number): string => along(gateways, GATEWAYS, FRAME.left, right).toFixed(1);
  const y = (share: number): string => along(Math.min(Math.max(share, SHARE[0]), SHARE[1]), SHARE, bottom, FRAME.top).toFixed(1);
  const text = (at: string, label: string, more = ''): string => `<text ${at} font-size="12" fill="#333"${more}>${label}</text>`;
  const parts = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...[1, 10, 100, 1_000, 10_000].map((size) => `<path d="M${x(size)} ${FRAME.top}V${bottom}" stroke="#ddd"/>${text(`x="${x(size)}" y="${bottom + 18}" text-anchor="middle"`, size.toLocaleString('en'))}`),
    ...[0.001, 0.01, 0.1, 1, 10, 100].map((share) => `<path d="M${FRAME.left} ${y(share)}H${right}" stroke="${share === 1 ? '#333' : '#ddd'}"/>${text(`x="${FRAME.left - 8}" y="${Number(y(share)) + 4}" text-anchor="end"`, `${share * 100} %`)}`),
    text(`x="${(FRAME.left + right) / 2}" y="${HEIGHT - 12}" text-anchor="middle"`, 'gateways of one instance'),
    text(`x="${FRAME.left}" y="18"`, 'share of the store that they take; above 100 % it cannot keep up'),
    ...curvesOf(model).flatMap(({ name, points }, index) => {
      const colour = COLOURS[index] ?? '#333';
      const line = points.map(([size, share]) => `${x(size)},${y(share)}`).join(' ');
      return [`<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"/>`, `<rect x="${right + 16}" y="${FRAME.top + 22 * index}" width="14" height="3" fill="${colour}"/>`, text(`x="${right + 36}" y="${FRAME.top + 6 + 22 * index}"`, name)];
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" role="img" aria-label="Share of the shared stores by number of gateways">\n${parts.join('\n')}\n</svg>\n`;
}
