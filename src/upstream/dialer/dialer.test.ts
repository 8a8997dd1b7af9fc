import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { selfSigned } from '../../../test/support/certificate.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { isAllowedBy, isPublicAddress } from './address-rule.ts';
import { createDialer, type DialerOptions, type DialTarget } from './dialer.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function listenPlain(): Promise<{ port: number; accepted: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count++;
    socket.destroy();
  });
  return { port: await listen(server), accepted: () => count };
}

function dialer(options: Partial<DialerOptions> = {}) {
  return createDialer({ clock: systemClock, ownListeners: () => [], lookup: () => Promise.reject(new Error('no name is known here')), ...options });
}

/** Dials; the code of the fault, or `connected`. */
async function dial(target: DialTarget): Promise<Fault | 'connected'> {
  return new Promise((resolve) => {
    target.connect({ hostname: 'ignored', protocol: 'ignored:', port: '1' }, (error, socket) => {
      socket?.destroy();
      resolve(error === null ? 'connected' : (error as Fault));
    });
  });
}

async function dialGuarded(url: string, options: Partial<DialerOptions> = {}): Promise<Fault | 'connected'> {
  try {
    return await dial(dialer(options).guardedTarget(url));
  } catch (thrown) {
    return thrown as Fault;
  }
}

const REFUSED_URLS = [
  // Loopback in every spelling that the URL parser understands.
  'http://127.0.0.1/',
  'http://127.0.0.53:8080/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://127。0。0。1/',
  'http://①②⑦.⓪.⓪.①/',
  'http://%31%32%37.0.0.1/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  // IPv4 inside IPv6: mapped, compatible, translated, 6to4, NAT64, Teredo.
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:a00:1]/',
  'http://[::127.0.0.1]/',
  'http://[::ffff:0:10.0.0.1]/',
  'http://[2002:7f00:1::]/',
  'http://[2002:a00:1::1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[64:ff9b:1::a00:1]/',
  'http://[2001:0:53aa:64c::1]/',
  // Private, shared, link-local, unique-local, site-local.
  'http://10.0.0.5/',
  'http://172.16.0.1/',
  'http://172.31.255.254/',
  'http://192.168.0.10/',
  'http://100.64.0.1/',
  'http://100.127.255.254/',
  'http://169.254.10.10/',
  'http://[fe80::1]/',
  'http://[febf::1]/',
  'http://[fc00::1]/',
  'http://[fd12:3456::1]/',
  'http://[fec0::1]/',
  // Metadata services.
  'http://169.254.169.254/latest/meta-data/',
  'http://169.254.170.2/',
  'http://100.100.100.200/',
  'http://192.0.0.192/',
  'http://168.63.129.16/',
  'http://[fd00:ec2::254]/',
  // Unspecified, broadcast, multicast, reserved, documentation, benchmarking.
  'http://0/',
  'http://0.0.0.0:8080/',
  'http://[::]/',
  'http://255.255.255.255/',
  'http://224.0.0.251/',
  'http://239.1.2.3/',
  'http://[ff02::1]/',
  'http://192.0.2.1/',
  'http://198.18.0.1/',
  'http://198.51.100.7/',
  'http://203.0.113.7/',
  'http://240.0.0.1/',
  'http://192.88.99.2/',
  'http://[100::1]/',
  'http://[2001:db8::1]/',
  'http://[2001:20::1]/',
  'http://[3fff::1]/',
  'http://[5f00::1]/',
  'http://[4000::1]/',
  // Schemes, userinfo, ports, nothing at all.
  'gopher://1.1.1.1:6379/_x',
  'file:///etc/passwd',
  'ftp://1.1.1.1/',
  'data:text/plain,x',
  'unix:/var/run/docker.sock',
  'http://user@1.1.1.1/',
  'http://user:password@1.1.1.1/',
  'https://1.1.1.1:22/',
  'http://1.1.1.1:25/',
  'http://1.1.1.1:6379/',
  'http://1.1.1.1:5432/',
  'http://',
  '//1.1.1.1/',
  'not a url',
  '',
];

describe('a URL that no operator wrote', () => {
  test('[SF-01] [SF-02] the table has at least 45 cases', () => {
    expect(REFUSED_URLS.length).toBeGreaterThanOrEqual(45);
  });

  test.each(REFUSED_URLS)('[SF-01] [SF-02] %s is refused before a connection or a look-up is made', (url) => {
    let lookups = 0;
    const guarded = dialer({
      lookup: () => {
        lookups++;
        return Promise.resolve(['127.0.0.1']);
      },
    });
    expect(() => guarded.guardedTarget(url)).toThrow(expect.objectContaining({ code: 'egress.refused', message: 'The MCP server is not available.' }));
    expect(lookups).toBe(0);
  });

  test.each(['1.1.1.1', '8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450:4001::1'])('[SF-02] %s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([['example.com#@127.0.0.1/'], ['example.com\\@127.0.0.1/'], ['example.com/?x=http://127.0.0.1/']])(
    '[SF-01] the host is read as the WHATWG parser reads it: http://%s goes to example.com',
    async (rest) => {
      const asked: string[] = [];
      const lookup = (hostname: string) => {
        asked.push(hostname);
        return Promise.resolve(['10.0.0.1']);
      };
      expect(await dialGuarded(`http://${rest}`, { lookup })).toMatchObject({ code: 'egress.refused' });
      expect(asked).toEqual(['example.com']);
    },
  );

  test.each([
    ['localhost', ['127.0.0.1', '::1']],
    ['metadata.google.internal', ['169.254.169.254']],
    ['one-private.test', ['93.184.216.34', '10.0.0.5']],
    ['private-ipv6.test', ['93.184.216.34', 'fd00::1']],
    ['mapped.test', ['::ffff:127.0.0.1']],
    ['zone.test', ['fe80::1%eth0']],
    ['nonsense.test', ['nonsense']],
  ])('[SF-01] the name %s is refused because not every address of %j is public', async (host, addresses) => {
    const fault = await dialGuarded(`http://${host}/`, { lookup: () => Promise.resolve(addresses) });
    expect(fault).toMatchObject({ code: 'egress.refused' });
  });

  test('[SF-01] a final dot does not hide a name', async () => {
    const asked: string[] = [];
    await dialGuarded('http://localhost./', {
      lookup: (hostname) => {
        asked.push(hostname);
        return Promise.resolve(['127.0.0.1']);
      },
    });
    expect(asked).toEqual(['localhost']);
  });

  test('[SF-06] closed port, refused address and unknown name cannot be told apart', async () => {
    const { port } = await listenPlain();
    servers.pop()?.close();
    const allowances = () => [{ cidr: '127.0.0.0/8', port }];
    const closed = await dialGuarded(`http://127.0.0.1:${port}/`, { allowances });
    const internal = await dialGuarded('http://internal.test/', { lookup: () => Promise.resolve(['10.0.0.1']) });
    const unknown = await dialGuarded('http://unknown.test/');
    const visible = [closed, internal, unknown].map((fault) => {
      const { code, message, reason, rpc, http, effect, isRetryable, data } = fault as Fault;
      return { code, message, reason, rpc, http, effect, isRetryable, data };
    });
    expect(visible[1]).toEqual(visible[0]);
    expect(visible[2]).toEqual(visible[0]);
    expect((closed as Fault).detail).toContain('ECONNREFUSED');
  });
});

describe('what an operator opened', () => {
  test('[SF-04] an allowance of network and port lets a guarded URL in, another port does not', async () => {
    const { port } = await listenPlain();
    const allowances = () => [{ cidr: '127.0.0.0/8', port }];
    expect(await dialGuarded(`http://127.0.0.1:${port}/`, { allowances })).toBe('connected');
    expect(await dialGuarded(`http://127.0.0.1:${port + 1}/`, { allowances })).toMatchObject({ code: 'egress.refused' });
  });

  test('[SF-05] an allowance never opens a metadata service', () => {
    const allowances = [
      { cidr: '169.254.0.0/16', port: 80 },
      { cidr: '0.0.0.0/0', port: 80 },
      { cidr: 'fd00::/8', port: 80 },
    ];
    expect(isAllowedBy(allowances, '169.254.169.254', 80)).toBe(false);
    expect(isAllowedBy(allowances, '::ffff:169.254.169.254', 80)).toBe(false);
    expect(isAllowedBy(allowances, '168.63.129.16', 80)).toBe(false);
    expect(isAllowedBy(allowances, 'fd00:ec2::254', 80)).toBe(false);
    expect(isAllowedBy(allowances, '169.254.1.1', 80)).toBe(true);
    expect(isAllowedBy(allowances, 'fd00::1', 80)).toBe(true);
    expect(isAllowedBy([{ cidr: 'nonsense', port: 80 }], '10.0.0.1', 80)).toBe(false);
  });

  test('[SF-05] an allowance does not open our own listeners, whatever address they are reached by', async () => {
    const { port, accepted } = await listenPlain();
    const allowances = () => [{ cidr: '0.0.0.0/0', port }];
    for (const address of ['127.0.0.1', '0.0.0.0', '::']) {
      expect(await dialGuarded(`http://127.0.0.1:${port}/`, { allowances, ownListeners: () => [{ address, port }] })).toMatchObject({ code: 'egress.refused' });
    }
    const outer = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []).find((entry) => entry.family === 'IPv4' && !entry.internal);
    if (outer !== undefined) {
      expect(await dialGuarded(`http://${outer.address}:${port}/`, { allowances, ownListeners: () => [{ address: '0.0.0.0', port }] })).toMatchObject({ code: 'egress.refused' });
    }
    expect(accepted()).toBe(0);
  });

  test('[SF-04] a URL of an operator may name loopback and private hosts', async () => {
    const { port, accepted } = await listenPlain();
    expect(await dial(dialer().operatorTarget(`http://127.0.0.1:${port}/mcp`, 'files'))).toBe('connected');
    expect(await dial(dialer({ lookup: () => Promise.resolve(['127.0.0.1']) }).operatorTarget(`http://files.internal:${port}/mcp`, 'files'))).toBe('connected');
    await expect.poll(accepted).toBe(2);
  });

  test('[SF-05] a name that an operator wrote may not turn into the metadata service', async () => {
    const target = dialer({ lookup: () => Promise.resolve(['169.254.169.254']) }).operatorTarget('http://files.example/mcp', 'files');
    expect(await dial(target)).toMatchObject({ code: 'egress.refused', server: 'files' });
  });

  test.each(['ftp://files.example/', 'http://user:secret@files.example/', 'nonsense'])('[SF-01] %s is refused also where an operator wrote it', (url) => {
    expect(() => dialer().operatorTarget(url, 'files')).toThrow(Fault);
  });
});

describe('connecting', () => {
  test('[SF-01] a name is resolved once a connection, and the checked address is the one dialled', async () => {
    const { port, accepted } = await listenPlain();
    const answers = [['127.0.0.1'], ['10.9.9.9']];
    let lookups = 0;
    const lookup = () => Promise.resolve(answers[lookups++] ?? []);
    const allowances = () => [{ cidr: '127.0.0.1/32', port }];
    const target = dialer({ lookup, allowances }).guardedTarget(`http://rebind.test:${port}/`);
    expect(await dial(target)).toBe('connected');
    expect(lookups).toBe(1);
    await expect.poll(accepted).toBe(1);
    expect(await dial(target)).toMatchObject({ code: 'egress.refused', detail: expect.stringContaining('10.9.9.9') });
    expect(lookups).toBe(2);
    expect(accepted()).toBe(1);
  });

  test('falls back to the next address of a name when the first does not answer', async () => {
    const { port } = await listenPlain();
    const lookup = () => Promise.resolve(['::1', '127.0.0.1']);
    expect(await dial(dialer({ lookup }).operatorTarget(`http://both.test:${port}/`, 'files'))).toBe('connected');
  });

  test('an unknown name, a closed port and a slow resolver are told to the operator by reason', async () => {
    const { port } = await listenPlain();
    servers.pop()?.close();
    await nextTurn();
    expect(await dial(dialer().operatorTarget('http://unknown.test/', 'files'))).toMatchObject({ code: 'upstream.unavailable', reason: 'upstream_dns', server: 'files' });
    expect(await dial(dialer({ lookup: () => Promise.resolve([]) }).operatorTarget('http://empty.test/', 'files'))).toMatchObject({ reason: 'upstream_dns' });
    expect(await dial(dialer().operatorTarget(`http://127.0.0.1:${port}/`, 'files'))).toMatchObject({
      code: 'upstream.unavailable',
      reason: 'upstream_refused',
      effect: 'not_executed',
      message: 'The MCP server is not available.',
    });
    const impatient: Clock = { ...systemClock, after: (_delayMs, run) => systemClock.after(0, run) };
    const slow = createDialer({ clock: impatient, ownListeners: () => [], lookup: () => new Promise(() => undefined) });
    expect(await dial(slow.operatorTarget('http://slow.test/', 'files'))).toMatchObject({ code: 'upstream.unavailable', reason: 'upstream_timeout' });
  });
});

describe('TLS', () => {
  async function listenTls(certificate: { key: string; cert: string }): Promise<{ port: number; names: string[] }> {
    const names: string[] = [];
    const server = createTlsServer({ ...certificate, SNICallback: (name, done) => (names.push(name), done(null)) }, (_request, response) => response.end());
    server.on('tlsClientError', () => undefined);
    return { port: await listen(server), names };
  }
  const lookup = () => Promise.resolve(['127.0.0.1']);

  test('[TR-26] [F-17] a self-signed certificate is refused, and there is no fallback', async () => {
    const { port } = await listenTls(selfSigned({ dns: ['files.test'] }));
    expect(await dial(dialer({ lookup }).operatorTarget(`https://files.test:${port}/`, 'files'))).toMatchObject({ code: 'upstream.unavailable', reason: 'upstream_tls' });
  });

  test('[TR-26] a trusted certificate for the name connects, with the name as SNI', async () => {
    const certificate = selfSigned({ dns: ['files.test'] });
    const { port, names } = await listenTls(certificate);
    const target = dialer({ lookup, certificateAuthorities: [certificate.cert] }).operatorTarget(`https://files.test:${port}/`, 'files');
    expect(await dial(target)).toBe('connected');
    expect(names).toEqual(['files.test']);
  });

  test('[TR-26] a literal address is verified as an address', async () => {
    const certificate = selfSigned({ ipv4: ['127.0.0.1'] });
    const { port } = await listenTls(certificate);
    expect(await dial(dialer({ certificateAuthorities: [certificate.cert] }).operatorTarget(`https://127.0.0.1:${port}/`, 'files'))).toBe('connected');
    const other = selfSigned({ dns: ['files.test'] });
    const { port: otherPort } = await listenTls(other);
    expect(await dial(dialer({ certificateAuthorities: [other.cert] }).operatorTarget(`https://127.0.0.1:${otherPort}/`, 'files'))).toMatchObject({ reason: 'upstream_tls' });
  });

  test('[TR-26] [F-17] a trusted certificate for another name, or an expired one, is refused', async () => {
    const wrong = selfSigned({ dns: ['other.test'] });
    const expired = selfSigned({ dns: ['files.test'] }, '210101000000Z');
    for (const certificate of [wrong, expired]) {
      const { port } = await listenTls(certificate);
      const target = dialer({ lookup, certificateAuthorities: [certificate.cert] }).operatorTarget(`https://files.test:${port}/`, 'files');
      expect(await dial(target)).toMatchObject({ code: 'upstream.unavailable', reason: 'upstream_tls' });
    }
  });

  test('[F-17] a server that speaks no TLS is refused', async () => {
    const { port } = await listenPlain();
    expect(await dial(dialer({ lookup }).operatorTarget(`https://files.test:${port}/`, 'files'))).toMatchObject({ reason: 'upstream_tls' });
  });
});
