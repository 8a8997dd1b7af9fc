/**
 * Validates JSON bytes (RFC 8259) in one pass without building anything, under limits, and notes where the keys of
 * the first two levels lie. It runs before JSON.parse: that accepts nesting on which JSON.stringify later overflows.
 */
import { isUtf8 } from 'node:buffer';
import { Fault } from '../base/fault.ts';

export interface JsonLimits {
  readonly depthMax: number;
  /** Values of any kind, counted over the whole document. */
  readonly nodesMax: number;
  readonly keysPerObjectMax: number;
  /** Raw bytes between the quotes of one string. */
  readonly stringBytesMax: number;
}

export const REQUEST_JSON_LIMITS: JsonLimits = { depthMax: 64, nodesMax: 100_000, keysPerObjectMax: 10_000, stringBytesMax: 1 << 20 };
/** The string cap is for requests only: a result may be one long text. */
export const RESULT_JSON_LIMITS: JsonLimits = { ...REQUEST_JSON_LIMITS, stringBytesMax: Number.MAX_SAFE_INTEGER };

export interface KeySpan {
  readonly key: string;
  /** 1 for keys of the root object, 2 for keys of objects directly inside it. */
  readonly depth: 1 | 2;
  /** Offset of the key's opening quote. */
  readonly keyStart: number;
  readonly valueStart: number;
  valueEnd: number;
}

export interface JsonScan {
  readonly root: 'object' | 'array' | 'scalar';
  readonly keys: readonly KeySpan[];
  /** A number is there that a double cannot hold exactly or at all. */
  readonly hasUnsafeNumber: boolean;
}
