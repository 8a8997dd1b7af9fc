/** What a server offers: the MCP specification's word is primitive. */
export type PrimitiveKind = 'tool' | 'prompt' | 'resource' | 'resourceTemplate';
