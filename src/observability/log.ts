/**
 * The log: what happened, for whoever runs the gateway; may be lost. The console shows what its level lets through,
 * the files of the data folder hold everything: `app.log` from debug to warning, `error.log` from error on.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { type Clock, toIso } from '../base/clock.ts';
import { RotatingFile } from './rotating-file.ts';

export type ConsoleLevel = 'all' | 'info' | 'errors-only' | 'none';

/** Names and numbers only: nothing that is a secret, nothing that a client sent. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** One request, at debug level: its line is made without the logger's own machinery, since every call writes one. `members`: JSON without braces, in their order. */
  request(members: string): void;
  /** From now on the console shows what this level lets through. */
  setConsole(level: ConsoleLevel): void;
  /** Resolves when all that was said is written; what is said after that goes to the console only. */
  close(): Promise<void>;
}

export interface LogOptions {
  readonly console: ConsoleLevel;
  /** Where `logs/` is made. */
  readonly dataFolder: string;
  readonly clock: Clock;
  /** Takes secrets out of a line before it is written anywhere. */
  readonly redact?: (line: string) => string;
  /** Of each file, before it is put aside. */
  readonly fileBytesMax?: number;
  /** Put aside of each. */
  readonly filesMax?: number;
}

/** Who else hears what is logged; set once it is there. */
export interface LogListener {
  heard(level: 'debug' | 'info' | 'warn' | 'error', event: string, fields: LogFields | undefined): void;
}

/** The least that each lets through, as pino numbers levels. */
const CONSOLE_LEVELS: Readonly<Record<ConsoleLevel, number>> = { all: 20, info: 30, 'errors-only': 50, none: Number.POSITIVE_INFINITY };
const STDERR = 2;
const FILE_BYTES_MAX = 20 << 20;
const FILES_MAX = 5;
/** JSON escapes C0 controls itself; terminals heed these too. */
const CONTROLS = /[\u007f-\u009f]/g;

export function createLog(options: LogOptions): Log & { listener: LogListener | undefined } {
  const folder = join(options.dataFolder, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const console = { level: options.console, destination: undefined as { write(line: string): void } | undefined };
  const show = (line: string): void => {
    console.destination ??= openConsole();
    console.destination.write(redact(line));
  };
  const onLost = (error: Error): void => {
    if (console.level !== 'none') show(`${JSON.stringify({ level: 'error', time: toIso(options.clock.nowMs()), msg: 'lines of the log are lost', detail: error.message })}\n`);
  };
  const rotation = { folder, bytesMax: options.fileBytesMax ?? FILE_BYTES_MAX, filesMax: options.filesMax ?? FILES_MAX, onLost };
  const app = new RotatingFile({ ...rotation, name: 'app', bufferBytes: 32_768 });
  const errors = new RotatingFile({ ...rotation, name: 'error', bufferBytes: 0 });
  let isClosed = false;
  const hide = options.redact ?? ((line: string): string => line);
  const redact = (line: string): string => hide(line).replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const streams: pino.StreamEntry[] = [
    { level: 'debug', stream: { write: (line: string) => void (isClosed || isError(line) || app.write(redact(line))) } },
    { level: 'error', stream: { write: (line: string) => void (isClosed || errors.write(redact(line))) } },
    { level: 'debug', stream: { write: (line: string) => void (isShown(line, console.level) && show(line)) } },
  ];
  const logger = pino({ level: 'debug', base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, pino.multistream(streams));
  const timeText = createTimeText(options.clock);
  const requests = new LineBatch((text) => app.write(redact(text)), options.clock);
  const say = (level: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields?: LogFields): void => {
    logger[level](fields ?? {}, event);
    log.listener?.heard(level, event, fields);
  };
  const log: Log & { listener: LogListener | undefined } = {
    listener: undefined,
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    request: (members) => {
      log.listener?.heard('debug', 'request', JSON.parse(`{${members}}`) as LogFields);
      const line = `{"level":"debug","time":"${timeText()}","msg":"request",${members}}\n`;
      if (!isClosed) requests.add(line);
      if (console.level === 'all') show(line);
    },
    setConsole: (level) => void (console.level = level),
    close: async () => {
      requests.flush();
      isClosed = true;
      await Promise.all([app.close(), errors.close()]);
    },
  };
  return log;
}

/** Where it leads may be a full disk: then a line is lost there, and the log files have it. */
function openConsole(): { write(line: string): void } {
  const destination = pino.destination({ dest: STDERR, sync: true });
  destination.on('error', () => undefined);
  return destination;
}

const BATCH_CHARS = 65_536;
const BATCH_MS = 500;

/** Lines that are handed on together: one write for many calls. */
class LineBatch {
  readonly #write: (text: string) => void;
  readonly #clock: Clock;
  #text = '';

  constructor(write: (text: string) => void, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  add(line: string): void {
    if (this.#text === '') this.#clock.after(BATCH_MS, () => this.flush());
    this.#text += line;
    if (this.#text.length > BATCH_CHARS) this.flush();
  }

  flush(): void {
    if (this.#text !== '') this.#write(this.#text);
    this.#text = '';
  }
}

/** The present time as text, made once for all lines of one millisecond. */
function createTimeText(clock: Clock): () => string {
  let lastMs = -1;
  let text = '';
  return () => {
    const nowMs = clock.nowMs();
    if (nowMs !== lastMs) text = toIso(nowMs);
    lastMs = nowMs;
    return text;
  };
}

function isShown(line: string, level: ConsoleLevel): boolean {
  const name = /^\{"level":"(\w+)"/.exec(line)?.[1] ?? 'error';
  return (pino.levels.values[name] ?? Number.POSITIVE_INFINITY) >= CONSOLE_LEVELS[level];
}

function isError(line: string): boolean {
  return line.startsWith('{"level":"error"') || line.startsWith('{"level":"fatal"');
}
