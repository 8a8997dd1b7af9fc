import type { CallRecorder } from '../../src/data-plane/record-call.ts';

/** For tests that look at something else: calls go at once, and nothing is kept of them. */
export const plainRecorder: CallRecorder = {
  begin: () => undefined,
  intent: () => undefined,
  answered: () => undefined,
  end: () => undefined,
  refused: () => undefined,
};
