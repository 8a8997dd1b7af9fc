/** An engine outside of the gateway that decides beside the policies of a namespace. */
import { z } from 'zod';

/** An Open Policy Agent, or whatever answers like one. */
export interface PolicyEngineSpec {
  readonly type: 'opa';
  /** Address of its API, without a slash at the end. */
  readonly url: string;
  /** Of the document that decides, such as `metamcp/decision`. */
  readonly path: string;
  /** An answer that comes later denies. */
  readonly timeoutMs: number;
}

const httpUrl = z.string().refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), 'expected an absolute http or https address');

export const PolicyEngineSchema = z
  .strictObject({
    type: z.literal('opa').default('opa').describe('Open Policy Agent, over its REST API.'),
    url: httpUrl.describe('Address of its API, such as http://127.0.0.1:8181.'),
    path: z
      .string()
      .regex(/^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/, 'expected the path of a document, such as metamcp/decision')
      .max(512)
      .describe('Path of the document that decides.'),
    timeoutMs: z.int().min(1).max(10_000).default(50).describe('An answer that comes later denies, milliseconds.'),
  })
  .describe('An engine that is asked beside the policies; the stricter answer holds, and no answer denies.');
