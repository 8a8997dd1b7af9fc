/**
 * The stdio link: one server, one JSON-RPC message a line (MCP 2026-07-28, basic/transports, stdio). Where the server
 * runs is another matter (running-server.ts); here it is a process, elsewhere a container or another gateway's process.
 *
 * Nothing a server does can hurt more than itself: lines and queues are bounded, stderr is always read, and whatever
 * ends the link ends everything the process started. `events.closed` comes at once when the link is of no more use;
 * `close()` resolves when the processes are gone, also when it is called after that.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { Fault, type FaultCode, toFault } from '../../base/fault.ts';
import type { ServerSpec } from '../../model/server.ts';
import type { Link, LinkEvents, Outgoing } from '../link.ts';
import { childEnvironment, type Environment } from './child-environment.ts';
import { LineSplitter } from './line-splitter.ts';
import type { OrphanWatcher } from './orphan-watcher.ts';
import { Outbox } from './outbox.ts';
import { pinnedArguments } from './pinned-launch.ts';
import { type Command, type LimitKind, limitedCommand, type ProcessLimits } from './process-limits.ts';
import type { ProcessSampler, Usage, Watched } from './process-sampler.ts';
import { answerIdOfEdges, beginsAsAnswer, readLine } from './read-line.ts';
import { readPaced } from './read-paced.ts';
import { LAST_WORDS_MS, runningProcess } from './running-process.ts';
import type { EndManner, RunningServer } from './running-server.ts';
import { SecretValues } from './secret-values.ts';
import { startProcess } from './start-process.ts';
import { StderrTail } from './stderr-tail.ts';

/** What a message may add to the result it carries. */
const ENVELOPE_BYTES = 64 * 1024;
/** An answer that is too large is read on to its end, so that it costs one call and not the server; this much, in line bounds. */
const DISCARD_LINES_MAX = 16;
/** A line that began and does not end. */
const LINE_AGE_MS_MAX = 30_000;
/** Of stderr in the detail of a fault. */
const SHOWN_LINES = 5;
const SHOWN_CHARS_MAX = 1000;

export interface StdioDeps {
  readonly clock: Clock;
  /** The gateway's own environment, of which a server sees little. */
  readonly environment: Environment;
  /** One for the whole gateway. */
  readonly watcher: OrphanWatcher;
  /** Lines of the server's stderr for the log, escaped, without its secrets, at most 64 KiB a second. */
  readonly onStderr?: (line: string) => void;
  /** Where packages that are pinned by their hash are kept. */
  readonly packagesFolder?: string | undefined;
  /** As `process.platform`, which it is by default. */
  readonly platform?: NodeJS.Platform;
  /** What the processes may use; undefined: what the operating system lets them. */
  readonly confinement?: Confinement | undefined;
}

/** Limits of one child, and who hears that one was hit. */
export interface Confinement {
  readonly limits: ProcessLimits;
  readonly sampler: ProcessSampler;
  /** Puts the command into a sandbox; undefined: none. */
  readonly wrap?: ((command: Command) => Command) | undefined;
  /** Called once the process runs; `usage` answers as long as the link lives. */
  readonly started?: (child: { readonly pid: number; usage(): Usage }) => void;
  readonly exceeded?: (kind: LimitKind, detail: string) => void;
}

/**
 * Starts the server's process. `values` replaces `${NAME}` in arguments and environment and throws `config.value_missing`.
 * Rejects with that, or with `upstream.unavailable` where the process cannot be started or is not what was pinned.
 */
export async function openStdioLink(spec: ServerSpec, values: (text: string) => string, deps: StdioDeps, events: LinkEvents): Promise<Link> {
  const platform = deps.platform ?? process.platform;
  const inherited = Object.values(childEnvironment({ ...spec, env: {}, inheritEnv: [] }, { environment: deps.environment, values, platform }));
  const secrets = new SecretValues(values, (value) => inherited.includes(value));
  const environment = childEnvironment(spec, { environment: deps.environment, values: (text) => secrets.resolve(text), platform });
  const written: Command = { command: spec.command, args: spec.args.map((arg) => secrets.resolve(arg)) };
  const given = spec.integrity === undefined ? written : { ...written, args: await pinnedArguments({ server: spec.name, integrity: spec.integrity, ...written, environment, cwd: spec.cwd, platform, packagesFolder: deps.packagesFolder ?? join(tmpdir(), 'metamcp-packages'), timeoutMs: spec.startTimeoutMs, clock: deps.clock, watcher: deps.watcher }) };
  const { command, args } = deps.confinement === undefined ? given : confined(given, deps.confinement);
  const child = await startProcess({ server: spec.name, command, args, environment, cwd: spec.cwd, platform, onProcess: (pid) => deps.watcher.add(pid) });
  return linkTo(runningProcess(child, { ...deps, platform }), spec, { ...deps, redact: (text) => secrets.redact(text) }, events);
}

/** A link to a server that runs already; from now on it is the link's to end. */
export function linkTo(server: RunningServer, spec: Pick<ServerSpec, 'name' | 'resultBytesMax'>, deps: RunningLinkDeps, events: LinkEvents): Link {
  return new StdioLink(server, spec, deps, events);
}

/** Inside of the sandbox, so that what the sandbox itself needs is not counted. */
function confined(given: Command, { limits, wrap }: Confinement): Command {
  const limited = limitedCommand(given, limits);
  return wrap === undefined ? limited : wrap(limited);
}

export interface RunningLinkDeps extends Pick<StdioDeps, 'clock' | 'onStderr' | 'confinement'> {
  /** Takes the server's secrets out of what is shown of its stderr. */
  readonly redact: (text: string) => string;
}

class StdioLink implements Link {
  readonly kind = 'stdio';
  readonly pid: number | undefined;
  readonly #server: RunningServer;
  readonly #spec: Pick<ServerSpec, 'name' | 'resultBytesMax'>;
  readonly #deps: RunningLinkDeps;
  readonly #events: LinkEvents;
  readonly #outbox: Outbox;
  readonly #lines: LineSplitter;
  readonly #stderr: StderrTail;
  /** When the line that has no end yet began, monotonic. */
  #lineSinceMs = 0;
  #isWatchingAge = false;
  /** Since the last answer. */
  #outputBytes = 0;
  #watched: Watched | undefined;
  #isClosed = false;
  #ending: Promise<void> | undefined;

  constructor(server: RunningServer, spec: Pick<ServerSpec, 'name' | 'resultBytesMax'>, deps: RunningLinkDeps, events: LinkEvents) {
    this.#server = server;
    this.pid = server.pid;
    this.#spec = spec;
    this.#deps = deps;
    this.#events = events;
    this.#outbox = new Outbox(server.stdin);
    this.#stderr = new StderrTail({ clock: deps.clock, redact: deps.redact, onLine: deps.onStderr });
    const lineBytesMax = spec.resultBytesMax + ENVELOPE_BYTES;
    this.#lines = new LineSplitter(
      { lineBytesMax, discardBytesMax: lineBytesMax * DISCARD_LINES_MAX },
      { line: (bytes) => this.#receive(bytes), outgrown: (head) => this.#outgrown(head), discarded: (head, tail, hasEnded) => this.#discarded(head, tail, hasEnded) },
    );
    this.#listen();
    this.#confine(deps.confinement);
  }

  send(message: Outgoing): void {
    this.#outbox.add(message.text);
  }

  abort(_id: number): void {
    // Over stdio a request is given up by a notification, which is the peer's to send.
  }

  close(): Promise<void> {
    this.#fail('upstream.closed', 'the gateway closed it');
    return this.#ending ?? Promise.resolve();
  }

  stderrTail(): string {
    return this.#stderr.text();
  }

  #confine(confinement: Confinement | undefined): void {
    const { pid } = this;
    if (confinement === undefined || pid === undefined) return;
    const watched = confinement.sampler.watch(pid, confinement.limits, (kind, usage) => this.#exceed(kind, `${Math.round(usage.memoryBytes / 2 ** 20)} MiB, ${usage.processes} processes, ${usage.cpuMs} ms of processor time`));
    this.#watched = watched;
    confinement.started?.({ pid, usage: () => watched.usage });
  }

  #exceed(kind: LimitKind, detail: string): void {
    if (this.#isClosed) return;
    this.#deps.confinement?.exceeded?.(kind, detail);
    this.#fail('upstream.closed', `it used more than it may (${kind}: ${detail})`, 'at_once');
  }

  #listen(): void {
    const { stdin, stdout, stderr } = this.#server;
    // A broken pipe may be the first sign of an exit, which knows more: it gets a moment to come first, here and below.
    stdin.on('error', (error) => this.#deps.clock.after(LAST_WORDS_MS, () => this.#fail('upstream.closed', `it closed its stdin (${error.message})`)));
    stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    stdout.on('error', (error) => this.#fail('upstream.closed', `its stdout broke (${error.message})`));
    stdout.on('end', () => this.#deps.clock.after(LAST_WORDS_MS, () => this.#fail('upstream.closed', 'it closed its stdout')));
    readPaced(stderr, this.#deps.clock, (chunk) => this.#stderr.push(chunk));
    stderr.on('error', () => undefined);
    stderr.on('end', () => this.#stderr.finish());
    this.#server.onEnd((why) => this.#fail('upstream.closed', why));
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return;
    const before = this.#lines.unfinishedBytes;
    this.#outputBytes += chunk.length;
    const outputBytesMax = this.#deps.confinement?.limits.outputBytesMax ?? Infinity;
    if (this.#outputBytes > outputBytesMax) return this.#exceed('output', `more than ${outputBytesMax} bytes without an answer`);
    try {
      this.#lines.push(chunk);
    } catch (thrown) {
      // Whatever a server's bytes trip over in us, it ends this link and not the gateway.
      return this.#fail('gateway.bug', toFault(thrown).detail ?? 'no detail', 'flood');
    }
    const after = this.#lines.unfinishedBytes;
    if (after === 0) return;
    // Not longer by the whole chunk: a line ended in it, so this is a new one.
    if (before === 0 || after !== before + chunk.length) this.#lineSinceMs = this.#deps.clock.monotonicMs();
    if (!this.#isWatchingAge) this.#watchAge(LINE_AGE_MS_MAX);
  }

  #watchAge(delayMs: number): void {
    this.#isWatchingAge = true;
    this.#deps.clock.after(delayMs, () => {
      this.#isWatchingAge = false;
      if (this.#isClosed || this.#lines.unfinishedBytes === 0) return;
      const leftMs = this.#lineSinceMs + LINE_AGE_MS_MAX - this.#deps.clock.monotonicMs();
      if (leftMs > 0) this.#watchAge(leftMs);
      else this.#fail('upstream.protocol_error', `it began a line and did not end it within ${LINE_AGE_MS_MAX / 1000} s`);
    });
  }

  #receive(bytes: Buffer): void {
    const reading = readLine(bytes);
    if (reading.kind === 'message') {
      if (reading.envelope.kind === 'result' || reading.envelope.kind === 'error') this.#answered();
      return this.#events.message(reading.envelope, undefined);
    }
    this.#events.dropped(reading.reason, this.#deps.redact(reading.detail));
    if (reading.answerId === undefined || this.#isClosed) return;
    this.#events.failed(reading.answerId, new Fault('upstream.protocol_error', { server: this.#spec.name, reason: 'invalid_message', detail: this.#deps.redact(reading.detail) }));
  }

  #answered(): void {
    this.#outputBytes = 0;
    this.#watched?.renew();
  }

  #outgrown(head: Buffer): void {
    this.#events.dropped('too_large', `a line above ${this.#spec.resultBytesMax} bytes`);
    if (this.#isClosed) return;
    if (!beginsAsAnswer(head)) return this.#fail('upstream.closed', `it wrote a line above ${this.#spec.resultBytesMax} bytes that is no answer`, 'flood');
    this.#failTooLarge(answerIdOfEdges(head, Buffer.alloc(0)));
  }

  #discarded(head: Buffer, tail: Buffer, hasEnded: boolean): void {
    if (!hasEnded) return this.#fail('upstream.closed', 'it wrote an answer without end', 'flood');
    // Where the head told the id, the request has failed already.
    if (answerIdOfEdges(head, Buffer.alloc(0)) === undefined) this.#failTooLarge(answerIdOfEdges(head, tail));
  }

  #failTooLarge(id: number | undefined): void {
    if (id !== undefined) this.#events.failed(id, new Fault('upstream.too_large', { server: this.#spec.name, detail: `an answer above ${this.#spec.resultBytesMax} bytes` }));
  }

  /** The link ends here; only the first reason counts. */
  #fail(code: FaultCode, why: string, manner: EndManner = 'politely'): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lines.stop();
    // A flood is not read any further; else a server may need to write before it can end.
    if (manner !== 'politely') this.#server.stdout.destroy();
    this.#watched?.stop();
    this.#ending = this.#end(manner);
    this.#events.closed(new Fault(code, { server: this.#spec.name, detail: this.#describe(why) }));
  }

  #end(manner: EndManner): Promise<void> {
    this.#outbox.end();
    return this.#server.end(manner);
  }

  #describe(why: string): string {
    const lines = this.#stderr.text().trimEnd().split('\n').slice(-SHOWN_LINES).join('\n').slice(-SHOWN_CHARS_MAX);
    const said = lines === '' ? 'nothing on its stderr' : `last lines of its stderr:\n${lines}`;
    return `${this.#server.label}: ${why}; ${said}`;
  }
}
