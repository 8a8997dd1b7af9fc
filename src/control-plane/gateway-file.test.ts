import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GatewayFileSchema } from '../contract/gateway-file.ts';
import { writeGatewayFile } from './gateway-file.ts';

test('the file replaces what a former gateway left, is closed to others, and goes when the gateway stops', () => {
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-gateway-file-'));
  const file = join(folder, 'gateway.json');
  writeFileSync(file, 'left behind', { mode: 0o644 });
  const content = { url: 'http://127.0.0.1:12008', pid: 4711, token: 'mt_op_x' };

  const remove = writeGatewayFile(folder, content);

  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(GatewayFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))).toEqual(content);
  expect(readdirSync(folder)).toEqual(['gateway.json']);
  remove();
  expect(existsSync(file)).toBe(false);
  rmSync(folder, { recursive: true });
});
