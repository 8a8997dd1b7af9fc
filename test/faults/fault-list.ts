/**
 * The 42 faults that this gateway is meant to live with. A fault counts as expected when every test that names it in
 * brackets (`[F-16]`) passes, and so does each test that is listed here in another file.
 */

export interface FaultRow {
  readonly id: string;
  readonly what: string;
  /** Tests beside their sources that show it with the real thing: file, and what their names contain. */
  readonly elsewhere?: readonly (readonly [file: string, name: string])[];
  /** What stands in for the real thing, where one machine cannot have it. */
  readonly simulated?: string;
  /** What is not as it should be, or not shown yet. Such a fault is never counted. */
  readonly open?: string;
}

const HTTP_FAILURES = 'src/upstream/http/http-link-failures.test.ts';
const GROUPS = 'src/upstream/stdio/process-group.test.ts';
const STORAGE = 'src/storage/storage.test.ts';
const OUTSIDE_TOKENS = 'src/auth/oauth/outside-tokens.test.ts';
const LIVE_CONFIG = 'test/e2e/live-config.test.ts';
const AUDIT_STORE = 'src/storage/audit-store.test.ts';

export const FAULT_ROWS: readonly FaultRow[] = [
  { id: 'F-01', what: 'a stdio server is killed in a call' },
  { id: 'F-02', what: 'a server never answers', simulated: 'the time limit of a call is shortened from 60 s' },
  { id: 'F-03', what: 'a server is slow, and more calls come than it takes' },
  { id: 'F-04', what: 'stdout holds lines that are no messages' },
  { id: 'F-05', what: 'a server ends whenever it is started', elsewhere: [['src/upstream/pool.test.ts', 'a server that always ends is tried after']], simulated: 'the clock is moved over the pauses between starts' },
  { id: 'F-06', what: 'half an answer, then the end' },
  { id: 'F-07', what: 'half an answer, then silence', simulated: 'the time limit of a call is shortened from 60 s' },
  { id: 'F-08', what: 'a flood on stderr', simulated: '128 MiB in place of 1 GiB' },
  { id: 'F-09', what: 'a flood on stdout without a line end' },
  { id: 'F-10', what: 'a result of 100 MB over stdio and HTTP' },
  { id: 'F-11', what: 'answers with ids that are wrong or of nobody' },
  { id: 'F-12', what: 'an answer twice' },
  { id: 'F-13', what: 'a thousand answers in any order' },
  { id: 'F-14', what: 'the gateway is killed under load', elsewhere: [['test/e2e/audit.test.ts', 'kill -9 under load, strict'], [GROUPS, 'after kill -9 of the gateway']] },
  { id: 'F-15', what: 'a storm of change notices and log messages' },
  { id: 'F-16', what: 'an HTTP server resets connections', elsewhere: [[HTTP_FAILURES, '[F-16]']] },
  { id: 'F-17', what: 'TLS that proves nothing', elsewhere: [[HTTP_FAILURES, '[F-17]'], ['src/upstream/dialer/dialer.test.ts', '[F-17]']] },
  { id: 'F-18', what: 'an HTTP server answers 401, 403, 429, 500, a page, or a redirect inside' },
  { id: 'F-19', what: 'a server runs out of memory', simulated: 'SIGKILL, as the kernel would send it; no control group is limited' },
  { id: 'F-20', what: 'the database is away', elsewhere: [[STORAGE, 'a database that went away']], simulated: 'the minute of patience is shortened to 4 s' },
  { id: 'F-21', what: 'the database is slow', simulated: 'a table is locked, so that its statements wait for ever' },
  { id: 'F-22', what: 'the shared store of limits is away' },
  { id: 'F-23', what: 'the disk is full', elsewhere: [[STORAGE, 'a full disk is a refusal']], simulated: 'a limit on the size of files makes every write fail (EFBIG in place of ENOSPC)' },
  { id: 'F-24', what: 'memory gets short', elsewhere: [['src/wiring/load-watch.test.ts', 'a heap that is full']], simulated: 'what V8 says of its heap is given' },
  { id: 'F-25', what: 'the wall clock jumps' },
  { id: 'F-26', what: 'clients leave in the middle of an answer' },
  { id: 'F-27', what: 'one of two gateways restarts under load', simulated: 'eight clients that call as fast as they can in place of 600 calls a second; an older schema is no part of it' },
  { id: 'F-28', what: 'a client takes up its event stream again', simulated: 'replicas share no events, so another one says 404' },
  { id: 'F-29', what: 'one replica is cut off from its stores', simulated: 'a proxy between it and the database lets nothing pass' },
  { id: 'F-30', what: 'a policy cannot be had, or is wrong', elsewhere: [['test/e2e/policy-engine.test.ts', 'that is gone allows nothing'], [LIVE_CONFIG, 'an edit that is not valid changes nothing']] },
  { id: 'F-31', what: 'the issuer is away, or changes its keys', elsewhere: [[OUTSIDE_TOKENS, 'that cannot be had refuse the token'], [OUTSIDE_TOKENS, 'are fetched at most twice a minute'], [OUTSIDE_TOKENS, 'are asked for anew when they are ten minutes old']] },
  { id: 'F-32', what: 'two hundred calls need a new token at once', elsewhere: [['test/e2e/sign-in-at-servers.test.ts', 'two hundred calls with a token that ended']] },
  { id: 'F-33', what: 'a server ignores SIGTERM and has children', elsewhere: [[GROUPS, '(F-33)']] },
  { id: 'F-34', what: 'file descriptors run out' },
  { id: 'F-35', what: 'the event loop is blocked' },
  { id: 'F-36', what: 'a guard in a thread crashes' },
  { id: 'F-37', what: 'loss, delay and a narrow line to a server', simulated: 'a proxy delays, stalls and slows; loss is a stall, as TCP makes of it' },
  { id: 'F-38', what: 'a client does not read' },
  { id: 'F-39', what: 'a configuration that is wrong, and one without a server that is in use', elsewhere: [[LIVE_CONFIG, 'an edit that is not valid changes nothing'], [LIVE_CONFIG, 'a server whose command changed is replaced']] },
  { id: 'F-40', what: 'the record was cut or edited', elsewhere: [[AUDIT_STORE, 'any single bit of any value is found'], [AUDIT_STORE, 'deletion, reordering and truncation are found'], [AUDIT_STORE, 'a chain whose end was cut off']] },
  { id: 'F-41', what: 'everything at once beside a server that is well', simulated: 'twelve faults in place of 24 servers, for seconds' },
  { id: 'F-42', what: 'the n-th operation fails, for each n', simulated: 'the first ten operations of each kind in each of twelve flows; a spawn or dial that fails is an error of its module' },
];
