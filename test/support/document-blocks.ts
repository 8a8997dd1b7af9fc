/** The fenced blocks of a document, by what stands behind their three marks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Words of a mark that say how the block is tested; what follows them is for that test. */
const TESTED = /^(?:sh|yaml|json|text) (?:run|start|env|check|policy|import|claims|snippet|warnings)\b/;

export interface DocumentBlock {
  /** Page and number, for the title of a test. */
  readonly title: string;
  readonly mark: string;
  /** Behind the mark, such as the name of a file. */
  readonly rest: string;
  readonly text: string;
  /** The block after it. */
  readonly next: Omit<DocumentBlock, 'next'> | undefined;
}

export function allBlocksOf(page: string): readonly DocumentBlock[] {
  const found = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info = '', text = ''], index) => {
    const mark = TESTED.exec(info)?.[0] ?? info;
    return { title: `${page} ${index + 1}`, mark, rest: info.slice(mark.length).trim(), text };
  });
  return found.map((block, index) => ({ ...block, next: found[index + 1] }));
}

export function blocksOf(page: string, mark: string): readonly DocumentBlock[] {
  return allBlocksOf(page).filter((block) => block.mark === mark);
}

/** Marks of its blocks but for pictures, which have none. */
export function marksOf(page: string): readonly string[] {
  return allBlocksOf(page).map(({ mark }) => mark).filter((mark) => mark !== '');
}
