/** The log over OTLP: the same lines, with levels as OpenTelemetry has them. Loaded only where logs are exported. */
import { type Logger, SeverityNumber } from '@opentelemetry/api';
import type { LogFields, LogListener } from './log.ts';

const SEVERITIES = { debug: SeverityNumber.DEBUG, info: SeverityNumber.INFO, warn: SeverityNumber.WARN, error: SeverityNumber.ERROR } as const;

/** `redact` takes secrets out of every text before it leaves. */
export function createLogListener(logger: Logger, redact: (text: string) => string): LogListener {
  return {
    heard: (level, event, fields) => {
      logger.emit({ severityNumber: SEVERITIES[level], severityText: level.toUpperCase(), body: redact(event), attributes: attributesOf(fields, redact) });
    },
  };
}

function attributesOf(fields: LogFields | undefined, redact: (text: string) => string): Record<string, string | number | boolean> {
  const attributes: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value === undefined || value === null) continue;
    attributes[name === 'detail' ? 'exception.message' : name] = typeof value === 'string' ? redact(value) : value;
  }
  return attributes;
}
