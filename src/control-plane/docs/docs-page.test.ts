import { expect, test } from 'vitest';
import { startAdmin } from '../../../test/support/start-admin.ts';

test('the reference page and all it loads come from our own address, without inline script', async () => {
  const admin = await startAdmin();
  const page = await fetch(`${admin.url}/api/docs`);
  const html = await page.text();
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(html).not.toMatch(/<script>|https?:|\son\w+=/);
  const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
  expect(addresses).toHaveLength(3);
  for (const address of addresses) {
    const asset = await fetch(admin.url + address);
    expect([address, asset.status, (await asset.text()).length > 50]).toEqual([address, 200, true]);
  }
  expect((await fetch(`${admin.url}/api/docs/..%2fpackage.json`)).status).toBe(404);
  expect((await fetch(`${admin.url}/api/docs/package.json`)).status).toBe(404);
  await admin.close();
});
