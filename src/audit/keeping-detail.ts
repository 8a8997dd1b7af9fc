/** What records about the record itself say is gone, for whoever looks for what is missing. */
import { z } from 'zod';

const hash = z.string().optional();

const Detail = z.object({
  detail: z.object({
    seq: z.int().optional(),
    hash,
    others: z.array(z.object({ writer: z.string(), seq: z.int(), hash })).default([]),
    places: z.array(z.tuple([z.int(), z.int()])).default([]),
    months: z.record(z.string(), z.int()).default({}),
  }),
});

export type KeepingDetail = z.infer<typeof Detail>['detail'];

/** `text`: of a record of kind `purge` or `tombstone`. One that somebody changed until it is none tells nothing here: that it was changed the chain finds. */
export function keepingDetailOf(text: string): KeepingDetail {
  const read = Detail.safeParse(parse(text));
  return read.success ? read.data.detail : { others: [], places: [], months: {} };
}

/** A record up to which something is gone of a chain. */
export interface GoneUpTo {
  readonly writer: string;
  readonly seq: number;
  readonly hash?: string | undefined;
}

/** Of the chain of the record itself, `writer`, and of those of other gateways. */
export function goneUpTo({ writer, text }: { readonly writer: string; readonly text: string }): readonly GoneUpTo[] {
  const { seq, hash: last, others } = keepingDetailOf(text);
  return [...(seq === undefined ? [] : [{ writer, seq, hash: last }]), ...others];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
