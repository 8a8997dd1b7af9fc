/** Content blocks of a result as text for people. */
import { plainBlock } from './print.ts';
import { isRecord } from './stdio/message.ts';

/** One text per block: texts as they are, everything else as a short line that says what it is. */
export function describeContent(blocks: unknown): readonly string[] {
  return Array.isArray(blocks) ? blocks.map(describeBlock) : [];
}

function describeBlock(block: unknown): string {
  if (!isRecord(block)) return JSON.stringify(block);
  if (block['type'] === 'text') return plainBlock(String(block['text']));
  if (typeof block['data'] === 'string') return `[${String(block['type'])} ${String(block['mimeType'])}, ${Math.floor((block['data'].length * 3) / 4)} bytes]`;
  if (block['type'] === 'resource') return describeResource(block['resource']);
  if (block['type'] === 'resource_link') return `[resource ${plainBlock(String(block['uri']))}]`;
  return JSON.stringify(block);
}

/** A text resource is its text; a binary one is named. */
export function describeResource(resource: unknown): string {
  if (!isRecord(resource)) return JSON.stringify(resource);
  if (typeof resource['text'] === 'string') return plainBlock(resource['text']);
  const bytes = typeof resource['blob'] === 'string' ? Math.floor((resource['blob'].length * 3) / 4) : 0;
  return `[resource ${plainBlock(String(resource['uri']))} ${String(resource['mimeType'] ?? '')}, ${bytes} bytes]`;
}
