/** All Chinese texts; what is missing or spelt otherwise than in English does not compile. */
import type { Catalogue } from './text-key.ts';
import frame from './zh/frame.json' with { type: 'json' };
import servers from './zh/servers.json' with { type: 'json' };
import signIn from './zh/sign-in.json' with { type: 'json' };

export const zh: Catalogue = { ...frame, ...servers, ...signIn };
