import { expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startGateway } from '../support/start-gateway.ts';

test.skipIf(process.platform === 'win32')('[KS-07] the signal that opens the debugger of Node opens none in a gateway', async () => {
  const port = await freePort();
  const gateway = await startGateway({ env: { NODE_OPTIONS: `--inspect-port=${port}` } });
  try {
    process.kill(gateway.pid, 'SIGUSR1');
    // Node opens it within a few milliseconds, on a thread of its own: many answers later it would be there.
    for (let count = 0; count < 200; count++) expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${port}/json`)).rejects.toThrow('fetch failed');
    expect(gateway.stderr()).not.toContain('Debugger listening');
  } finally {
    await gateway.stop();
  }
});
