/** Settings of the process: how it listens and runs, not what it offers. Flags, variables and the file share this schema. */
import { z } from 'zod';
import { TIMER_MS_MAX } from '../base/clock.ts';

export const LOG_LEVELS = ['all', 'info', 'errors-only', 'none'] as const;

const hostPattern = /^[A-Za-z0-9*._:[\]-]+$/;
const webOrigin = z.string().refine(
  (text) => {
    const url = URL.parse(text);
    return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '';
  },
  'expected an absolute http or https address without credentials',
);

const fields = {
  host: z.string().regex(hostPattern, 'expected a host name or an IP address').describe('Address to listen on.'),
  port: z.int().min(0).max(65_535).describe('Port to listen on; 0 takes any free one.'),
  data: z.string().min(1).describe('Folder of the gateway: keys, state, logs.'),
  publicUrl: z.array(webOrigin).describe('Addresses under which clients reach the gateway.'),
  allowedHosts: z.array(z.string().regex(hostPattern, 'expected a host name')).describe('Further hosts that requests may name.'),
  trustedProxies: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.literal('loopback')], 'expected an IP address, a range (CIDR), or "loopback"'))
    .describe('Proxies whose forwarding headers count.'),
  egressAllow: z
    .array(z.string().regex(/^(?:[0-9.]+|\[[0-9A-Fa-f:.]+)\/\d{1,3}\]?:(?:\d{1,5}|\*)$/, 'expected a network and a port, such as 10.0.0.0/8:443, [fd00::/8]:443 or 10.1.2.3/32:*'))
    .describe('Private networks that addresses may lie in which no operator wrote, such as those of authorization servers.'),
  logLevel: z.enum(LOG_LEVELS).describe('What the console shows.'),
  logFileBytesMax: z.int().min(10_000).max(10 * 2 ** 30).describe('A log file of so many bytes is put aside.'),
  logFilesMax: z.int().min(0).max(1_000).describe('Log files of each kind that are put aside before the oldest goes.'),
  metrics: z.boolean().describe('Counts what happens and tells it at /metrics.'),
  metricsPort: z.int().min(0).max(65_535).optional().describe('Port of a listener of its own for /metrics; without it the address is beside the others.'),
  admin: z.boolean().describe('Serves the admin API and its pages.'),
  adminHost: z.string().regex(hostPattern, 'expected a host name or an IP address').optional().describe('Address of the listener of adminPort; without it that of the common one.'),
  adminPort: z.int().min(0).max(65_535).optional().describe('Port of a listener of its own for the admin API and its pages; without it they are beside the other addresses.'),
  production: z.boolean().describe('Refuses weak and placeholder secrets.'),
  printJson: z.boolean().describe('Writes one JSON line on stdout once ready.'),
  configFile: z.string().min(1).optional().describe('Configuration file (YAML or JSON).'),
  databaseUrl: z
    .string()
    .regex(/^postgres(?:ql)?:\/\//, 'expected an address that begins with postgres://')
    .optional()
    .describe('PostgreSQL to keep the state in; without it the data folder holds an embedded database.'),
  databasePatienceMs: z.int().min(1_000).max(3_600_000).describe('So long known credentials open endpoints while PostgreSQL does not answer, milliseconds.'),
  sharedStoreUrl: z
    .string()
    .regex(/^rediss?:\/\//, 'expected an address that begins with redis:// or rediss://')
    .optional()
    .describe('Valkey or Redis that several gateways count their limits in; without it each counts alone.'),
  replicaPort: z.int().min(0).max(65_535).optional().describe('Port on which other gateways of the instance send on requests that belong here; 0 takes any free one. Needs PostgreSQL.'),
  replicaHost: z.string().regex(hostPattern, 'expected a host name or an IP address').optional().describe('Address of this machine for other gateways; without it the first that is not loopback.'),
  replicaName: z.string().min(1).max(200).optional().describe('What people call this gateway among several; without it the name of the machine.'),
  workers: z.int().min(1).max(64).describe('Processes that serve the port; more than one need PostgreSQL.'),
  containerEngine: z
    .string()
    .regex(/^(?:kubernetes|unix:\/\/\/.+)$/, 'expected kubernetes or the socket of a Docker engine, such as unix:///var/run/docker.sock')
    .optional()
    .describe('Where servers with placement container run: the socket of a Docker engine, or kubernetes for pods beside this one. Without it they do not.'),
  containerNetwork: z.string().min(1).max(200).describe('Docker network of containers that may reach something.'),
  sessionsMax: z.int().min(1).max(1_000_000).describe('Client sessions at a time.'),
  sessionIdleMs: z.int().min(1000).max(TIMER_MS_MAX).describe('A client session is forgotten after so long without use, milliseconds.'),
  oauthRegistration: z.boolean().describe('MCP clients may register themselves for OAuth.'),
  oauthClientsMax: z.int().min(1).max(1_000_000).describe('OAuth clients that registered themselves, at a time.'),
  oauthRegistrationsPerHour: z.int().min(1).max(100_000).describe('OAuth clients that one address may register in an hour.'),
  oauthAssertionIssuers: z.array(webOrigin).describe('Identity providers whose identity assertions (ID-JAG) MCP clients may show in place of a user’s consent.'),
  formSignUp: z.boolean().describe('Anyone who reaches the gateway can become a member by a form.'),
  ssoSignUp: z.boolean().describe('Whoever the identity provider knows becomes a user at the first sign-in.'),
  passwordSignIn: z.boolean().describe('People sign in with e-mail address and password.'),
  auditRetentionDays: z.int().min(1).max(36_500).describe('The record of calls and changes is kept so many days, by whole months.'),
  trafficRetentionDays: z.int().min(1).max(36_500).describe('Arguments and results of calls are kept so many days.'),
  audit: z.enum(['buffered', 'strict']).describe('strict: a call that cannot be recorded first is not made. buffered: at most a quarter of a second of records is lost when the process dies.'),
  auditOnBroken: z.enum(['warn', 'refuse']).describe('What a start does with a record that was cut or edited: tell it loudly, or refuse.'),
  auditArguments: z.boolean().describe('Arguments of calls are kept, without what looks like a secret.'),
  auditResults: z.boolean().describe('Results of calls are kept, without what looks like a secret.'),
  auditPayloadBytesMax: z.int().min(256).max(1 << 20).describe('So much of arguments and of a result is kept, bytes.'),
  middlewareModules: z.array(z.string().min(1)).describe('Files of JavaScript modules that bring middleware; they run in the process of the gateway.'),
  redirectSchemes: z.array(z.string().regex(/^[a-z][a-z0-9+.-]*$/, 'expected the scheme of an address, lower case, without colon')).describe('Private schemes that a sign-in of an MCP client may return to, beside https and loopback.'),
};

export const SettingsSchema = z.strictObject(fields);

export type Settings = z.infer<typeof SettingsSchema>;
export type SettingName = keyof Settings;

export const SETTING_DEFAULTS: Settings = {
  host: '127.0.0.1',
  port: 12_008,
  data: './.metamcp',
  publicUrl: [],
  allowedHosts: [],
  trustedProxies: [],
  egressAllow: [],
  logLevel: 'errors-only',
  logFileBytesMax: 20 << 20,
  logFilesMax: 5,
  metrics: true,
  metricsPort: undefined,
  admin: true,
  adminHost: undefined,
  adminPort: undefined,
  production: false,
  printJson: false,
  configFile: undefined,
  databaseUrl: undefined,
  databasePatienceMs: 60_000,
  sharedStoreUrl: undefined,
  replicaPort: undefined,
  replicaHost: undefined,
  replicaName: undefined,
  workers: 1,
  containerEngine: undefined,
  containerNetwork: 'bridge',
  sessionsMax: 10_000,
  sessionIdleMs: 1_800_000,
  oauthRegistration: true,
  oauthClientsMax: 10_000,
  oauthRegistrationsPerHour: 120,
  oauthAssertionIssuers: [],
  formSignUp: false,
  ssoSignUp: true,
  passwordSignIn: true,
  auditRetentionDays: 400,
  trafficRetentionDays: 30,
  audit: 'buffered',
  auditOnBroken: 'warn',
  auditArguments: true,
  auditResults: false,
  auditPayloadBytesMax: 16_384,
  middlewareModules: [],
  redirectSchemes: ['cursor', 'vscode'],
};

/** What a file may set: not where the data or the file itself lies, nor what code runs, nor how this one start reports. No defaults: only what it says. */
export const FileSettingsSchema = SettingsSchema.omit({ data: true, printJson: true, configFile: true, databaseUrl: true, sharedStoreUrl: true, replicaPort: true, replicaHost: true, replicaName: true, containerEngine: true, containerNetwork: true, middlewareModules: true }).partial();

export type FileSettings = z.infer<typeof FileSettingsSchema>;
