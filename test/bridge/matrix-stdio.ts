/**
 * The matrix server over stdio, one message a line: `node test/bridge/matrix-stdio.ts REVISION`. Over stdio a server
 * says nothing of which call its questions, log messages and list changes belong to.
 */
import { createInterface } from 'node:readline';
import { isObject, isRevision, type JsonObject, type RequestId } from '../../src/protocol/messages.ts';
import { metaOf } from '../../src/protocol/meta.ts';
import { type Asked, createMatrixTools } from './matrix-tools.ts';

const [, , revision = ''] = process.argv;
if (!isRevision(revision)) throw new Error(`no revision: ${revision}`);

const write = (message: JsonObject | string): void => void process.stdout.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
const tools = createMatrixTools(revision, write);
const asked = new Map<RequestId, (answer: JsonObject) => void>();
const cancels = new Map<RequestId, () => void>();
let lastAsk = 0;

const ask: Asked = (method, params) =>
  new Promise((resolve, reject) => {
    const id = `q${++lastAsk}`;
    asked.set(id, ({ result, error }) => {
      asked.delete(id);
      if (isObject(result)) resolve(result);
      else reject(new Error(JSON.stringify(error)));
    });
    write({ jsonrpc: '2.0', id, method, params });
  });

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params, ...answer } = JSON.parse(line) as JsonObject & { readonly id?: RequestId; readonly method?: string };
  const given = isObject(params) ? params : {};
  if (method === undefined) asked.get(id ?? '')?.(answer);
  else if (id === undefined) hear(method, given);
  else if (method === 'initialize') write({ jsonrpc: '2.0', id, result: tools.initialized(given) });
  else void serve(id, method, given);
});

function hear(method: string, params: JsonObject): void {
  if (method === 'notifications/cancelled') cancels.get(params['requestId'] as RequestId)?.();
  else tools.heard.push({ method, params });
}

async function serve(id: RequestId, method: string, params: JsonObject): Promise<void> {
  const cancelled = new Promise<void>((resolve) => cancels.set(id, resolve));
  const notify = (notice: string, about: JsonObject): void => write({ jsonrpc: '2.0', method: notice, params: about });
  const answer = await tools.handle({ method, params: { ...params, _meta: metaOf(params) } }, { notify, ask, cancelled });
  cancels.delete(id);
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)}`;
  if (answer.kind === 'error') write(`${head},"error":${JSON.stringify(answer.error)}}`);
  else write(`${head},"result":${answer.kind === 'text' ? answer.text : JSON.stringify(answer.result)}}`);
}
