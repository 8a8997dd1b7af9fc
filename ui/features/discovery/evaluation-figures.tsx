/** The figures of an evaluation, those of the other configuration beside them, and which queries make the difference. */
import type { AnswerOf } from '../../api/operations.ts';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Section } from '../../components/page.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';

type Answer = AnswerOf<'POST /api/v1/endpoints/{name}/evaluation'>;
type Evaluation = Answer['evaluation'];
type Change = NonNullable<Answer['difference']>['better'][number];

const FIRST_ROWS = ['1', '3', '5', '10'] as const;

interface Figure {
  readonly name: string;
  readonly of: (evaluation: Evaluation) => number;
  readonly show: (value: number) => string;
}

export function Measured({ answer: { evaluation, against, difference } }: { readonly answer: Answer }) {
  const say = useText();
  return (
    <Section title={say('discovery.measured')}>
      <div role="status">
        <Figures evaluation={evaluation} against={against} />
      </div>
      {difference !== null && (
        <>
          <Changes title={say('discovery.better')} changes={difference.better} />
          <Changes title={say('discovery.worse')} changes={difference.worse} />
          {difference.better.length === 0 && difference.worse.length === 0 && <p className="mt-4 text-soft">{say('discovery.sameForAll')}</p>}
        </>
      )}
      {evaluation.misses.length > 0 && (
        <>
          <h3 className="mt-4 mb-2 font-semibold">{say('discovery.misses')}</h3>
          <ul aria-label={say('discovery.misses')} className="grid gap-2">
            {evaluation.misses.map(({ query, found }) => (
              <li key={query}>
                <ForeignText className="font-medium">{query}</ForeignText>
                <ForeignText className="block text-soft">{found.length === 0 ? say('discovery.foundNothing') : found.join(', ')}</ForeignText>
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

function Figures({ evaluation, against }: { readonly evaluation: Evaluation; readonly against: Evaluation | null }) {
  const say = useText();
  const { number, percent } = useFormats();
  const tokens = (value: number): string => say('discovery.tokens', { text: number(value) });
  const figures: readonly Figure[] = [
    ...FIRST_ROWS.map((rows) => ({ name: say('discovery.recall', { rows }), of: ({ recallAt }: Evaluation) => recallAt[rows], show: percent })),
    { name: say('discovery.hit'), of: ({ hitAt1 }) => hitAt1, show: percent },
    { name: say('discovery.wronglySure'), of: ({ unanswerable }) => unanswerable.strongCount, show: (value) => say('discovery.ofCount', { text: number(value), count: evaluation.unanswerable.count }) },
    { name: say('discovery.median'), of: (each) => each.tokens.median, show: tokens },
    { name: say('discovery.ninetieth'), of: (each) => each.tokens.p90, show: tokens },
  ];
  return (
    <table aria-label={say('discovery.measured')} className="w-full text-left tabular-nums">
      {against !== null && (
        <thead>
          <tr className="text-soft">
            <td />
            <th scope="col" className="py-1 pr-4 font-medium">
              {say('discovery.present')}
            </th>
            <th scope="col" className="py-1 pr-4 font-medium">
              {say('discovery.other')}
            </th>
            <th scope="col" className="py-1 font-medium">
              {say('discovery.difference')}
            </th>
          </tr>
        </thead>
      )}
      <tbody>
        {figures.map(({ name, of, show }) => (
          <tr key={name} className="border-t border-line first:border-t-0">
            <th scope="row" className="py-1 pr-4 font-normal text-soft">
              {name}
            </th>
            <td className="py-1 pr-4">{show(of(evaluation))}</td>
            {against !== null && <td className="py-1 pr-4">{show(of(against))}</td>}
            {against !== null && <td className="py-1 font-semibold">{signed(of(against) - of(evaluation), show)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function signed(change: number, show: (value: number) => string): string {
  if (change === 0) return '–';
  return `${change > 0 ? '+' : '−'}${show(Math.abs(change))}`;
}

function Changes({ title, changes }: { readonly title: string; readonly changes: readonly Change[] }) {
  const { number } = useFormats();
  if (changes.length === 0) return null;
  return (
    <>
      <h3 className="mt-4 mb-2 font-semibold">{title}</h3>
      <ul aria-label={title} className="grid gap-2">
        {changes.map(({ query, before, after }) => (
          <li key={query} className="flex items-baseline justify-between gap-3">
            <ForeignText className="font-medium">{query}</ForeignText>
            <span className="text-soft tabular-nums">
              {number(before)} → {number(after)}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
