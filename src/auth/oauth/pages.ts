/**
 * The two pages that a browser sees here: consent and error. Plain HTML without script; whatever came from outside is
 * escaped, and no other site can frame them.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { languageOf, type Wording, wordingOf } from './wording.ts';

export interface Page {
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
}

/** What the user is asked to agree to. */
export interface ConsentFacts {
  readonly clientName: string;
  /** Host of the client's metadata document; undefined for a client that registered itself. */
  readonly clientHost: string | undefined;
  readonly redirectUri: string;
  readonly isLoopbackRedirect: boolean;
  readonly resource: string;
  readonly userName: string;
  /** Where the form goes. */
  readonly action: string;
  readonly csrf: string;
}

export interface Pages {
  readonly consent: (http: IncomingMessage, facts: ConsentFacts) => Page;
  readonly error: (http: IncomingMessage, about: { readonly error: string; readonly error_description?: string }) => Page;
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}
main{max-width:32rem;margin:8vh auto;padding:2rem;background:#fff;border:1px solid #d7dbe0;border-radius:12px}
h1{font-size:1.4rem;margin:0 0 1rem}dl{display:grid;grid-template-columns:auto 1fr;gap:.4rem 1rem}
dt{color:#57606a}dd{margin:0;overflow-wrap:anywhere;font-weight:600}
.warning{border-left:4px solid #b54708;background:#fff6ed;padding:.6rem .8rem}
.note{color:#57606a;font-size:.9rem}form{display:flex;gap:.8rem;margin-top:1.5rem}
button{font:inherit;padding:.6rem 1.4rem;border-radius:8px;border:1px solid #8c959f;background:#fff;cursor:pointer}
button[value=allow]{background:#1f6feb;border-color:#1f6feb;color:#fff}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}main{background:#161b22;border-color:#30363d}button{background:#21262d;color:#e6edf3}.warning{background:#2d1f12}dt,.note{color:#8b949e}}`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

export const pages: Pages = {
  consent(http, facts) {
    const language = languageOf(http.headers['accept-language']);
    const words = wordingOf(language);
    return { headers: headersFor(`'self' ${formTarget(facts.redirectUri)}`), html: layout(language, words.title, consentBody(facts, words)) };
  },
  error(http, { error, error_description: description }) {
    const language = languageOf(http.headers['accept-language']);
    const words = wordingOf(language);
    const what = description === undefined ? error : `${error}: ${description}`;
    const body = `<h1>${escape(words.errorTitle)}</h1><p>${escape(words.errorAdvice)}</p><dl><dt>${escape(words.error)}</dt><dd>${escape(what)}</dd></dl>`;
    return { headers: headersFor("'none'"), html: layout(language, words.errorTitle, body) };
  },
};

function consentBody(facts: ConsentFacts, words: Wording): string {
  const rows = [
    [words.client, facts.clientName],
    ...(facts.clientHost === undefined ? [] : [[words.publishedAt, facts.clientHost]]),
    [words.goesTo, redirectHost(facts.redirectUri)],
    [words.resource, facts.resource],
    [words.scopes, words.scopeMcp],
    [words.signedInAs, facts.userName],
  ];
  const list = rows.map(([name, value]) => `<dt>${escape(name ?? '')}</dt><dd>${escape(value ?? '')}</dd>`).join('');
  const warnings = [
    ...(facts.isLoopbackRedirect ? [`<p class="warning">${escape(words.loopbackWarning)}</p>`] : []),
    ...(facts.clientHost === undefined ? [`<p class="note">${escape(words.nameWarning)}</p>`] : []),
  ].join('');
  return `<h1>${escape(words.title)}</h1><p><strong>${escape(facts.clientName)}</strong> ${escape(words.asks)}</p><dl>${list}</dl>${warnings}
<form method="post" action="${escape(facts.action)}"><input type="hidden" name="csrf" value="${escape(facts.csrf)}">
<button name="decision" value="allow">${escape(words.allow)}</button><button name="decision" value="deny">${escape(words.deny)}</button></form>`;
}

/** Host and port, or the private scheme with what follows it. */
function redirectHost(uri: string): string {
  const url = new URL(uri);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.host : `${url.protocol}//${url.host}`;
}

/** Browsers apply `form-action` to the redirects after a form too. */
function formTarget(uri: string): string {
  const url = new URL(uri);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.origin : url.protocol;
}

function headersFor(formAction: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    'cache-control': 'no-store',
    // With `no-referrer` browsers would send `Origin: null` with our own form.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}

function layout(language: string, title: string, body: string): string {
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)} · MetaMCP</title><style>${STYLE}</style></head>
<body><main>${body}</main></body></html>
`;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
