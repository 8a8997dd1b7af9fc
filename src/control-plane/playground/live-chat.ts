import type { ChatEvent, ChatModel, ChatRequest } from '../../model/chat.ts';

/** Language models as the control plane sees them. */
export interface LiveChat {
  /** Resolves once an answer begins. Faults: `upstream.unavailable`, `upstream.protocol_error`, `upstream.too_large`, `egress.refused`. */
  readonly complete: (model: ChatModel, request: ChatRequest) => Promise<AsyncIterable<ChatEvent>>;
}
