/** Statements of the gateway; statements of the thread that writes the record; files; processes; connections; what is sent over them. */
export const KINDS = ['db', 'audit', 'fs', 'spawn', 'dial', 'send'] as const;
export type Kind = (typeof KINDS)[number];
