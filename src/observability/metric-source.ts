/**
 * Metrics as the gateway keeps them: plain numbers that are read when somebody asks. The path of a request adds to
 * numbers and nothing else; the forms of OpenTelemetry and Prometheus are made of them on reading.
 */

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** Distribution of durations, seconds. */
export interface Distribution {
  readonly labels: Labels;
  readonly count: number;
  readonly sumSeconds: number;
  /** One more than bounds: what is above the last stands at the end. */
  readonly bucketCounts: readonly number[];
}

interface Described {
  /** As OpenTelemetry writes names, e.g. `metamcp.requests`. */
  readonly name: string;
  readonly description: string;
  /** UCUM, e.g. `s`, `By`, `{request}`. */
  readonly unit: string;
  /** Labels that name no tool, user or session: what anyone may see. All others are summed up. */
  readonly openLabels: readonly string[];
}

export type MetricSource =
  | (Described & { readonly kind: 'counter' | 'gauge'; readonly read: () => readonly Sample[] })
  | (Described & { readonly kind: 'histogram'; readonly boundsSeconds: readonly number[]; readonly read: () => readonly Distribution[] });

/** Whether names may be told. */
export type Detail = 'totals' | 'labelled';

/** The samples with the labels that may be told, those that became alike added up. */
export function samplesOf(source: Extract<MetricSource, { kind: 'counter' | 'gauge' }>, detail: Detail): readonly Sample[] {
  if (detail === 'labelled') return source.read();
  return [...grouped(source.read(), source.openLabels)].map(([labels, samples]) => ({ labels, value: samples.reduce((sum, sample) => sum + sample.value, 0) }));
}

export function distributionsOf(source: Extract<MetricSource, { kind: 'histogram' }>, detail: Detail): readonly Distribution[] {
  if (detail === 'labelled') return source.read();
  return [...grouped(source.read(), source.openLabels)].map(([labels, all]) => ({
    labels,
    count: all.reduce((sum, one) => sum + one.count, 0),
    sumSeconds: all.reduce((sum, one) => sum + one.sumSeconds, 0),
    bucketCounts: all[0]?.bucketCounts.map((_, index) => all.reduce((sum, one) => sum + (one.bucketCounts[index] ?? 0), 0)) ?? [],
  }));
}

function grouped<One extends { readonly labels: Labels }>(all: readonly One[], open: readonly string[]): Map<Labels, One[]> {
  const groups = new Map<string, { readonly labels: Labels; readonly members: One[] }>();
  for (const one of all) {
    const labels = Object.fromEntries(open.flatMap((name) => (one.labels[name] === undefined ? [] : [[name, one.labels[name]]])));
    const key = JSON.stringify(labels);
    const group = groups.get(key) ?? { labels, members: [] };
    group.members.push(one);
    groups.set(key, group);
  }
  return new Map([...groups.values()].map(({ labels, members }) => [labels, members]));
}
