/**
 * Shapes of well-known secrets. Every repetition is bounded or of one class behind a literal, so that no text makes
 * matching slow; a rule is only tried where its literal is in the text. To add one: a row.
 */
import type { Span } from './spans.ts';

interface SecretRule {
  readonly kind: string;
  /** One of these must be there, else the pattern is not tried; compared as they are. */
  readonly literals: readonly string[];
  /** With `d` where only group 1 is the secret. */
  readonly pattern: RegExp;
}

/** Not inside of a word; the letter of an escape such as `\\n` in nested JSON is none. */
const BEFORE = '(?:(?<![A-Za-z0-9])|(?<=\\\\[nrtbf]))';
const AFTER = '(?![A-Za-z0-9])';

/** Literals that occur in nothing else are found inside of words too. */
function shape(kind: string, literals: readonly string[], source: string): SecretRule {
  const isDistinct = literals.every((literal) => literal.length >= 4 && /[_.-]/.test(literal));
  return { kind, literals, pattern: new RegExp(isDistinct ? source : `${BEFORE}${source}${AFTER}`, 'g') };
}

/** Names under which secrets are kept, as a whole name or its last words. */
const SECRET_NAME =
  '(?:password|passwd|passphrase|client[_-]?secret|secret[_-]?key|secret[_-]?access[_-]?key|api[_-]?key|access[_-]?token|refresh[_-]?token|auth[_-]?token|private[_-]?key)';

const RULES: readonly SecretRule[] = [
  shape('metamcp-key', ['sk_mt_'], 'sk_mt_[A-Za-z0-9]{64}'),
  shape('aws-key', ['AKIA', 'ASIA', 'ABIA', 'ACCA'], '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}'),
  shape('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], 'gh[pousr]_[A-Za-z0-9]{36,255}'),
  shape('github-token', ['github_pat_'], 'github_pat_[A-Za-z0-9_]{40,255}'),
  shape('gitlab-token', ['glpat-', 'gldt-', 'glrt-', 'glptt-'], 'gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{20,100}'),
  shape('slack-token', ['xox', 'xapp-'], '(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,250}'),
  shape('slack-webhook', ['hooks.slack.com'], 'hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_+-]{20,200}'),
  shape('stripe-key', ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'], '[sr]k_(?:live|test)_[A-Za-z0-9]{10,250}'),
  shape('webhook-secret', ['whsec_'], 'whsec_[A-Za-z0-9+/=]{16,100}'),
  shape('anthropic-key', ['sk-ant-'], 'sk-ant-[A-Za-z0-9_-]{20,200}'),
  shape('openai-key', ['sk-'], 'sk-(?=[A-Za-z_-]{0,250}[0-9])(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,250}'),
  shape('google-key', ['AIza'], 'AIza[A-Za-z0-9_-]{35}'),
  shape('google-token', ['ya29.'], 'ya29\\.[A-Za-z0-9_-]{20,2000}'),
  shape('google-client-secret', ['GOCSPX-'], 'GOCSPX-[A-Za-z0-9_-]{28}'),
  shape('npm-token', ['npm_'], 'npm_[A-Za-z0-9]{36}'),
  shape('pypi-token', ['pypi-'], 'pypi-[A-Za-z0-9_-]{50,1000}'),
  shape('sendgrid-key', ['SG.'], 'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}'),
  shape('twilio-key', ['SK', 'AC'], '(?:SK|AC)[0-9a-f]{32}'),
  shape('mailgun-key', ['key-'], 'key-[0-9a-f]{32}'),
  shape('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], 'do[opr]_v1_[0-9a-f]{64}'),
  shape('huggingface-token', ['hf_'], 'hf_[A-Za-z0-9]{30,50}'),
  shape('telegram-token', [':AA'], '[0-9]{8,10}:AA[A-Za-z0-9_-]{33}'),
  shape('shopify-token', ['shpat_', 'shpss_', 'shpca_', 'shppa_'], 'shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}'),
  shape('databricks-token', ['dapi'], 'dapi[0-9a-f]{32}(?:-[0-9])?'),
  shape('vault-token', ['hvs.', 'hvb.'], 'hv[sb]\\.[A-Za-z0-9_-]{24,300}'),
  shape('linear-key', ['lin_api_'], 'lin_api_[A-Za-z0-9]{32,64}'),
  shape('notion-token', ['ntn_', 'secret_'], '(?:ntn|secret)_[A-Za-z0-9]{40,60}'),
  shape('figma-token', ['figd_'], 'figd_[A-Za-z0-9_-]{36,64}'),
  shape('atlassian-token', ['ATATT'], 'ATATT[A-Za-z0-9_=-]{50,300}'),
  shape('docker-token', ['dckr_'], 'dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,64}'),
  shape('age-key', ['AGE-SECRET-KEY-'], 'AGE-SECRET-KEY-1[A-Z0-9]{58}'),
  shape('jwt', ['eyJ'], 'eyJ[A-Za-z0-9_-]{8,4096}\\.eyJ[A-Za-z0-9_-]{4,8192}\\.[A-Za-z0-9_-]{8,2048}'),
  { kind: 'azure-key', literals: ['AccountKey=', 'SharedAccessKey='], pattern: /(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{40,90}={0,2})/dg },
  { kind: 'password', literals: ['://'], pattern: /[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/[^\s:/@?#]{0,128}:([^\s@/?#]{1,256})@/dg },
  { kind: 'authorization', literals: ['earer ', 'asic ', 'EARER ', 'ASIC '], pattern: /\b(?:bearer|basic) {1,4}([A-Za-z0-9._~+/-]{16,4096}={0,2})/dgi },
  { kind: 'password', literals: ['=', ':'], pattern: new RegExp(`${SECRET_NAME}["']?[ \\t]{0,4}(?:=|:)[ \\t]{0,4}["']?([^\\s"',;]{6,512})`, 'dgi') },
];

const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const KEY_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;

const PRIVATE_KEY = 'PRIVATE KEY';
/** Most texts have none of the literals, which one look tells. */
const ANY_LITERAL = new RegExp([...RULES.flatMap(({ literals }) => literals), PRIVATE_KEY].map((literal) => literal.replaceAll('.', '\\.')).join('|'));

export function findSecrets(text: string): readonly Span[] {
  if (text.length < 8 || !ANY_LITERAL.test(text)) return [];
  const spans: Span[] = [];
  for (const { kind, literals, pattern } of RULES) {
    if (!literals.some((literal) => text.includes(literal))) continue;
    for (const match of text.matchAll(pattern)) {
      const [start, end] = match.indices?.[1] ?? [match.index, match.index + match[0].length];
      spans.push({ start, end, kind });
    }
  }
  if (text.includes(PRIVATE_KEY)) spans.push(...findPrivateKeys(text));
  return spans;
}

/** From the first line to the last; a key whose end is missing reaches to the end of the text. */
function findPrivateKeys(text: string): Span[] {
  const ends = [...text.matchAll(KEY_END)].map((match) => match.index + match[0].length);
  return [...text.matchAll(KEY_BEGIN)].map((match) => ({ start: match.index, end: ends.find((end) => end > match.index) ?? text.length, kind: 'private-key' }));
}

const SECRET_MEMBER = new RegExp(`^(?:.{0,40}[_-])?${SECRET_NAME}$|^(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key)$`, 'i');

/** Whether a member of this name holds a secret, whatever its value looks like. */
export function isSecretMember(name: string): boolean {
  return name.length <= 64 && SECRET_MEMBER.test(name);
}
