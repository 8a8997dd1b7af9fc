/** What the tool lists that passed through said about parameter headers. */
import { type MirroredParam, mirroredParams, mirrorProblem } from '../../protocol/mirrored-params.ts';
import { isRecord, type Message } from './message.ts';

export interface LearntHeaders {
  /** The headers of a tool; none while it is unknown. */
  of(tool: unknown): readonly MirroredParam[];
  /** Learns from the answer to a tools/list; the answer without the tools that must not be shown, for their annotations are invalid. */
  keepValid(answer: Message): string;
}

/** `onInvalid` hears of each tool that is left out. */
export function createLearntHeaders(onInvalid: (problem: string) => void): LearntHeaders {
  const learnt = new Map<unknown, readonly MirroredParam[]>();
  const learn = (tool: unknown): boolean => {
    if (!isRecord(tool) || typeof tool['name'] !== 'string') return true;
    const problem = mirrorProblem(tool['inputSchema']);
    if (problem !== undefined) {
      onInvalid(`The tool ${JSON.stringify(tool['name'])} is left out: ${problem}`);
      return false;
    }
    learnt.set(tool['name'], mirroredParams(tool['inputSchema']));
    return true;
  };
  return {
    of: (tool) => learnt.get(tool) ?? [],
    keepValid(answer) {
      const value: unknown = JSON.parse(answer.text);
      const result = isRecord(value) ? value['result'] : undefined;
      if (!isRecord(value) || !isRecord(result) || !Array.isArray(result['tools'])) return answer.text;
      const tools = result['tools'].filter(learn);
      return tools.length === result['tools'].length ? answer.text : JSON.stringify({ ...value, result: { ...result, tools } });
    },
  };
}
