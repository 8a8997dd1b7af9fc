/** `/api/docs`: the reference page of the admin API, with assets of our own address and no inline script. */
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';

export const DOCS_PATH = '/api/docs';

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // The page shows icons as data addresses; nothing else comes from anywhere but here.
  'content-security-policy': "default-src 'self'; script-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
} as const;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MetaMCP admin API</title>
<link rel="stylesheet" href="${DOCS_PATH}/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="${DOCS_PATH}/swagger-ui-bundle.js"></script>
<script src="${DOCS_PATH}/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#reference', deepLinking: true, validatorUrl: null });
`;

const require = createRequire(import.meta.url);

const ASSETS: Readonly<Record<string, { readonly type: string; readonly file: () => string }>> = {
  'swagger-ui.css': { type: 'text/css; charset=utf-8', file: () => require.resolve('swagger-ui-dist/swagger-ui.css') },
  'swagger-ui-bundle.js': { type: 'text/javascript; charset=utf-8', file: () => require.resolve('swagger-ui-dist/swagger-ui-bundle.js') },
};

/** Undefined where there is nothing at the address. */
export function docsPage(path: string): Response | undefined {
  if (path === DOCS_PATH) return new Response(PAGE, { headers: { ...HEADERS, 'content-type': 'text/html; charset=utf-8' } });
  const asset = path.slice(DOCS_PATH.length + 1);
  if (asset === 'start.js') return new Response(START, { headers: { ...HEADERS, 'content-type': 'text/javascript; charset=utf-8' } });
  const found = Object.hasOwn(ASSETS, asset) ? ASSETS[asset] : undefined;
  if (found === undefined) return undefined;
  return new Response(Readable.toWeb(createReadStream(found.file())) as ReadableStream, { headers: { ...HEADERS, 'content-type': found.type } });
}
