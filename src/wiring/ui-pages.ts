/**
 * The web pages: what `npm run build` wrote to `dist/ui`, from memory. Files whose name holds their digest never change;
 * every address of a page gets the same document. Nothing here needs a credential: the pages hold no data.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkHost, type HostRules } from '../auth/host-rules.ts';
import type { AdminHandler } from '../control-plane/serve.ts';

/** All that pages may do (CSP level 3): scripts and styles are our files, and they talk to us alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

const DOCUMENT = 'index.html';
const ROUTES = 'routes.json';
/** Vite puts what it names by digest here. */
const IMMUTABLE_FOLDER = '/assets/';
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>MetaMCP</title></head>
<body><h1>MetaMCP is running</h1>
<p>Its web pages are not built yet. In the folder of MetaMCP, run <code>npm run build</code>, then load this page again.</p>
<p>Everything else works without them: MCP clients, the command line, the <a href="/api/docs">admin API</a>.</p></body></html>
`;

interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
  /** By content coding; `identity` is always there. */
  readonly bytes: ReadonlyMap<string, Buffer>;
}

interface Built {
  /** By path, e.g. `/assets/index-4f2a.js`. */
  readonly assets: ReadonlyMap<string, Asset>;
  readonly document: Asset;
  readonly routes: ReadonlySet<string>;
}

export interface UiPages {
  /** Answers what is a page or a file of one; resolves with false for anything else, which is left untouched. */
  serve(http: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

/** `folder` is read when a page is first asked for, and again while it is not there. */
export function createUiPages(folder: string): UiPages {
  let reading: Promise<Built | undefined> | undefined;
  const read = async (): Promise<Built | undefined> => {
    const built = await (reading ??= readBuilt(folder));
    if (built === undefined) reading = undefined;
    return built;
  };
  return {
    async serve(http, response) {
      if ((http.method !== 'GET' && http.method !== 'HEAD') || !mayBeOurs(http.url ?? '')) return false;
      const built = await read();
      const asset = built === undefined ? missing(http) : find(built, pathOf(http.url ?? ''));
      if (asset === undefined) return false;
      send(http, response, asset);
      return true;
    },
  };
}

export interface UiPagesDeps {
  readonly rules: HostRules;
  /** The files of the pages could not be read. */
  readonly report: (problem: unknown) => void;
}

/** The pages in front of the admin API, which also says what is wrong with a host that may not speak to us. */
export function withUiPages(admin: AdminHandler, { rules, report }: UiPagesDeps): AdminHandler {
  const pages = createUiPages(fileURLToPath(new URL('../../dist/ui', import.meta.url)));
  return (http, response) => {
    try {
      // Pages hold no data, so any origin may ask for them; a rebound name may not.
      checkHost(http, rules);
    } catch {
      admin(http, response);
      return;
    }
    pages
      .serve(http, response)
      .catch(report)
      .then((isServed) => isServed === true || admin(http, response))
      .catch(report);
  };
}

/** Addresses of the other parts are never looked up here, whatever lies in the folder. */
function mayBeOurs(url: string): boolean {
  // A whole address as target may mean another host; nobody who reads pages sends one.
  return url.startsWith('/') && !/^\/(?:metamcp|api|oauth|health|ready|metrics|\.well-known)(?:[/?]|$)/.test(url);
}

function find({ assets, document, routes }: Built, path: string): Asset | undefined {
  return assets.get(path) ?? (routes.has(path.split('/')[1] ?? '') ? document : undefined);
}

/** For people only: a program that asks for something else gets the usual refusal. */
function missing(http: IncomingMessage): Asset | undefined {
  if (http.headers.accept?.includes('text/html') !== true) return undefined;
  return toAsset(`/${DOCUMENT}`, new Map([['identity', Buffer.from(NOT_BUILT)]]));
}

function send(http: IncomingMessage, response: ServerResponse, { type, etag, cacheControl, bytes }: Asset): void {
  const headers = { ...HEADERS, etag, 'cache-control': cacheControl, vary: 'accept-encoding' };
  if (http.headers['if-none-match']?.split(/\s*,\s*/).includes(etag) === true) {
    response.writeHead(304, headers).end();
    return;
  }
  const [coding, body] = chooseCoding(http.headers['accept-encoding'], bytes);
  response.writeHead(200, { ...headers, 'content-type': type, 'content-length': body.length, ...(coding !== 'identity' && { 'content-encoding': coding }) });
  response.end(http.method === 'HEAD' ? undefined : body);
}

/** The smallest that the client takes (RFC 9110 section 12.5.3). */
function chooseCoding(accepted: string | undefined, bytes: Asset['bytes']): readonly [coding: string, body: Buffer] {
  const wanted = new Set((accepted ?? '').split(',').flatMap((part) => (/;\s*q=0(?:\.0*)?\s*$/.test(part) ? [] : [part.split(';')[0]?.trim() ?? ''])));
  for (const [coding] of ENCODINGS) {
    const body = bytes.get(coding);
    if (body !== undefined && wanted.has(coding)) return [coding, body];
  }
  return ['identity', bytes.get('identity') ?? Buffer.alloc(0)];
}

/** Undefined where nothing is built. */
async function readBuilt(folder: string): Promise<Built | undefined> {
  const files = await readdir(folder, { recursive: true }).catch((): string[] => []);
  if (!files.includes(DOCUMENT) || !files.includes(ROUTES)) return undefined;
  const assets = new Map<string, Asset>();
  for (const file of files) {
    if (TYPES[extname(file)] === undefined || file === ROUTES) continue;
    const path = `/${file.split(sep).join('/')}`;
    const bytes = new Map([['identity', await readFile(join(folder, file))]]);
    for (const [coding, ending] of ENCODINGS) if (files.includes(file + ending)) bytes.set(coding, await readFile(join(folder, file + ending)));
    assets.set(path, toAsset(path, bytes));
  }
  const document = assets.get(`/${DOCUMENT}`);
  if (document === undefined) return undefined;
  return { assets, document, routes: new Set(JSON.parse(await readFile(join(folder, ROUTES), 'utf8')) as string[]) };
}

function toAsset(path: string, bytes: Asset['bytes']): Asset {
  const digest = createHash('sha256').update(bytes.get('identity') ?? '');
  return {
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    etag: `"${digest.digest('base64url').slice(0, 22)}"`,
    cacheControl: path.startsWith(IMMUTABLE_FOLDER) ? 'public, max-age=31536000, immutable' : 'no-cache',
    bytes,
  };
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
