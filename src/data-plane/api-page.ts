/** The reference page of an endpoint's API, with assets of our own address. It shows nothing that its reader may not see: the document is asked for with the reader's key. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { HttpRequest, HttpResponse } from '../base/http.ts';

const PAGE_PATH = /^\/metamcp\/([A-Za-z0-9_-]{1,200})\/api\/?$/;
const ASSET_PATH = /^\/metamcp\/[A-Za-z0-9_-]{1,200}\/api\/assets\/([a-z.-]{1,40})$/;
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;
const START = `const base = location.pathname.replace(/\\/+$/, '');
let key = '';
const load = async () => fetch(base + '/openapi.json', { headers: key === '' ? {} : { authorization: 'Bearer ' + key } });
let answer = await load();
while (answer.status === 401) {
  const given = prompt('This endpoint wants an API key');
  if (given === null) break;
  key = given.trim();
  answer = await load();
}
const spec = await answer.json();
window.SwaggerUIBundle({
  spec,
  dom_id: '#reference',
  deepLinking: true,
  validatorUrl: null,
  requestInterceptor: (request) => {
    if (key !== '') request.headers.authorization = 'Bearer ' + key;
    return request;
  },
});
`;
const require = createRequire(import.meta.url);
const ASSETS: Readonly<Record<string, { readonly type: string; readonly file: () => string }>> = {
  'swagger-ui.css': { type: 'text/css; charset=utf-8', file: () => require.resolve('swagger-ui-dist/swagger-ui.css') },
  'swagger-ui-bundle.js': { type: 'text/javascript; charset=utf-8', file: () => require.resolve('swagger-ui-dist/swagger-ui-bundle.js') },
};

/** The page where it is asked for, else `serve`. */
export function withApiPage(serve: (http: HttpRequest, response: HttpResponse) => Promise<void>): (http: HttpRequest, response: HttpResponse) => Promise<void> {
  return (http, response) => (serveApiPage(http, response) ? Promise.resolve() : serve(http, response));
}

/** False where the address is none of the page's. */
function serveApiPage(http: HttpRequest, response: HttpResponse): boolean {
  if (http.method !== 'GET') return false;
  const path = (http.url ?? '').split('?')[0] ?? '';
  const endpoint = PAGE_PATH.exec(path)?.[1];
  if (endpoint !== undefined) {
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/html; charset=utf-8' }).end(page(`/metamcp/${endpoint}/api`));
    return true;
  }
  const name = ASSET_PATH.exec(path)?.[1] ?? '';
  if (name === 'start.js') {
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/javascript; charset=utf-8' }).end(START);
    return true;
  }
  const asset = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
  if (asset === undefined) return false;
  readFile(asset.file()).then(
    (bytes) => response.writeHead(200, { ...HEADERS, 'content-type': asset.type }).end(bytes),
    () => response.destroy(),
  );
  return true;
}

function page(base: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MetaMCP endpoint</title>
<link rel="stylesheet" href="${base}/assets/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="${base}/assets/swagger-ui-bundle.js"></script>
<script type="module" src="${base}/assets/start.js"></script>
</body>
</html>
`;
}
