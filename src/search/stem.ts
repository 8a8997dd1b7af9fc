/**
 * A light stemmer for English: plurals, -ing, -ed, -ly, -ation and their kin, so that "searches", "searching" and
 * "search" meet. It cuts less than Porter's, which also joins words that mean different tools. Other words stay as they are.
 */

interface Rule {
  readonly ending: string;
  readonly becomes: string;
  /** What must be left before the ending. */
  readonly restMin: number;
}

// The first rule whose ending fits is the one that counts, so longer endings stand first.
const RULES: readonly Rule[] = [
  { ending: 'alytics', becomes: 'alyze', restMin: 1 },
  { ending: 'alysis', becomes: 'alyze', restMin: 1 },
  { ending: 'alyses', becomes: 'alyze', restMin: 1 },
  { ending: 'alyse', becomes: 'alyze', restMin: 1 },
  { ending: 'ization', becomes: 'iz', restMin: 3 },
  { ending: 'isation', becomes: 'iz', restMin: 3 },
  { ending: 'ation', becomes: 'at', restMin: 3 },
  { ending: 'ator', becomes: 'at', restMin: 3 },
  { ending: 'ution', becomes: 'ut', restMin: 3 },
  { ending: 'ction', becomes: 'ct', restMin: 3 },
  { ending: 'ies', becomes: 'i', restMin: 2 },
  { ending: 'ied', becomes: 'i', restMin: 2 },
  { ending: 'sses', becomes: 'ss', restMin: 2 },
  { ending: 'shes', becomes: 'sh', restMin: 2 },
  { ending: 'ches', becomes: 'ch', restMin: 2 },
  { ending: 'xes', becomes: 'x', restMin: 2 },
  { ending: 'ing', becomes: '', restMin: 3 },
  { ending: 'ed', becomes: '', restMin: 3 },
  { ending: 'ss', becomes: 'ss', restMin: 1 },
  { ending: 'us', becomes: 'us', restMin: 1 },
  { ending: 'is', becomes: 'is', restMin: 1 },
  { ending: 's', becomes: '', restMin: 2 },
  { ending: 'y', becomes: 'i', restMin: 2 },
  { ending: 'e', becomes: '', restMin: 3 },
];

const ASCII_LETTERS = /^[a-z]+$/;
const VOWEL = /[aeiouy]/;
const DOUBLED = /([bdgklmnprt])\1$/;
/** Words that look like a form of another and are none. */
const APART: ReadonlySet<string> = new Set(['news']);
/** Names of tools shorten what people spell out. Only where nothing else is shortened like this. */
const SHORT_FORMS =
  'info information,repo repository,db database,dir directory,doc document,img image,pic picture,msg message,config configuration,env environment,' +
  'param parameter,lang language,calc calculate,auth authenticate,stat statistics,num number,avg average,lib library,pkg package,cmd command,addr address,' +
  'lat latitude,lng longitude,lon longitude,coord coordinate,tz timezone,vid video,func function,spec specification,admin administrator';
const known = new Map<string, string>();
/** Texts repeat their words; what is remembered is bounded and decides nothing. */
const KNOWN_MAX = 50_000;

/** Of a lower-case word. Idempotent: a stem is its own stem. */
export function stem(word: string): string {
  const remembered = known.get(word);
  if (remembered !== undefined) return remembered;
  const cut = cutWhole(word);
  const full = SPELLED_OUT.get(cut) ?? cut;
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(word, full);
  return full;
}

function cutWhole(word: string): string {
  let cut = word;
  for (let next = cutOnce(cut); next !== cut; next = cutOnce(cut)) cut = next;
  return cut;
}

function cutOnce(word: string): string {
  if (word.length <= 3 || APART.has(word) || !ASCII_LETTERS.test(word)) return word;
  const rule = RULES.find(({ ending, restMin }) => word.endsWith(ending) && word.length - ending.length >= restMin);
  if (rule === undefined) return word;
  const rest = word.slice(0, word.length - rule.ending.length);
  // Abbreviations have plurals, though no vowel: `pdfs`.
  if (rule.ending !== 's' && !VOWEL.test(rest)) return word;
  return `${rest}${rule.becomes}`.replace(DOUBLED, '$1');
}

/** By stem of the short form: that of the word. */
const SPELLED_OUT: ReadonlyMap<string, string> = new Map(SHORT_FORMS.split(',').map((pair) => pair.split(' ').map(cutWhole) as [string, string]));
