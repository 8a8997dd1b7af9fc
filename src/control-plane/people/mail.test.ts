import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Fault } from '../../base/fault.ts';
import { createSendMail } from './mail.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Speaks just enough SMTP (RFC 5321) to be sent one mail; `refuses` says no to the recipient. */
async function startMailServer(refuses = false) {
  const lines: string[] = [];
  const server = createServer((socket: Socket) => {
    let isBody = false;
    const say = (text: string): boolean => socket.write(`${text}\r\n`);
    say('220 mail.example');
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').filter((text) => text !== '')) {
        lines.push(line);
        if (isBody) {
          if (line !== '.') continue;
          isBody = false;
          say('250 taken');
        } else if (line.startsWith('RCPT') && refuses) say('550 no such mailbox');
        else if (line === 'DATA') {
          isBody = true;
          say('354 go on');
        } else say(line === 'QUIT' ? '221 bye' : '250 mail.example');
      }
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, lines };
}

const dialled: string[] = [];
async function dial(host: string, port: number): Promise<Socket> {
  dialled.push(`${host}:${port}`);
  const socket = connect(port, host);
  await once(socket, 'connect');
  return socket;
}

const MAIL = { to: 'ada@example.com', subject: 'A new password', text: 'https://mcp.example/link#token\n' };

test('a mail is sent as it is, to its one address', async () => {
  const { url, lines } = await startMailServer();
  await createSendMail({ url, from: 'MetaMCP <mcp@example.com>' }, dial)(MAIL);
  expect(lines).toEqual(expect.arrayContaining(['MAIL FROM:<mcp@example.com>', 'RCPT TO:<ada@example.com>', 'Subject: A new password', 'https://mcp.example/link#token']));
});

test('[SF-01] the connection is the dialer’s; a refusal of it is told', async () => {
  const { url } = await startMailServer();
  await createSendMail({ url, from: 'mcp@example.com' }, dial)(MAIL);
  expect(dialled).toContain(new URL(url).host);
  const refusing = createSendMail({ url: 'smtps://mail.example', from: 'mcp@example.com' }, (host, port) => Promise.reject(new Fault('egress.refused', { detail: `${host}:${port} is a metadata service` })));
  await expect(refusing(MAIL)).rejects.toMatchObject({ code: 'upstream.unavailable', detail: expect.stringContaining('mail.example:465 is a metadata service') });
});

test('an address that looks like more than one header or recipient adds none', async () => {
  const { url, lines } = await startMailServer();
  await createSendMail({ url, from: 'mcp@example.com' }, dial)({ ...MAIL, subject: 'x\r\nBcc: evil@example.com', to: 'ada@example.com' });
  expect(lines.filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<ada@example.com>']);
  expect(lines.some((line) => line.startsWith('Bcc'))).toBe(false);
});

test('a mail that is not taken is a fault that names no credential', async () => {
  const { url } = await startMailServer(true);
  await expect(createSendMail({ url, from: 'mcp@example.com' }, dial)(MAIL)).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'mail', detail: expect.stringContaining('550 no such mailbox') });
  const dead = createSendMail({ url: 'smtp://user:canary@127.0.0.1:1', from: 'mcp@example.com' }, dial)(MAIL);
  await expect(dead).rejects.toMatchObject({ code: 'upstream.unavailable', detail: expect.not.stringContaining('canary') });
});
