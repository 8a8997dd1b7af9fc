import type { Say } from '../../texts/texts.ts';

type Config = Readonly<Record<string, unknown>>;

/** A limit in a sentence. */
export function describe(config: Config, say: Say): string {
  const { scope, by, match } = config;
  const kind = config['kind'] === 'budget' || config['kind'] === 'concurrency' ? config['kind'] : 'rate';
  const how = say(`limits.sentence.${kind}`, { max: Number(config['max']), seconds: Number(config['seconds'] ?? 0), unit: String(config['unit'] ?? ''), per: String(config['per'] ?? '') });
  const whose = [String(scope ?? ''), ...(by === undefined ? [] : [String(by)])].join(' / ');
  const only = typeof match === 'object' && match !== null ? Object.values(match as Config).map(String).join(', ') : '';
  return [how, whose, ...(only === '' ? [] : [only])].join(' · ');
}
