/** As many whole characters as fit into so many bytes of UTF-8: a byte of continuation (10xxxxxx) begins none. */
export function headOf(text: string, bytesMax: number): string {
  // UTF-16 code units are at most as many as bytes of UTF-8.
  const bytes = Buffer.from(text.slice(0, bytesMax + 1));
  let end = Math.min(bytesMax, bytes.length);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
