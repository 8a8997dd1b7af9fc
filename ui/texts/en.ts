/** All English texts. A new feature adds a file to `en/` and `zh/` and a line here and there. */
import frame from './en/frame.json' with { type: 'json' };
import servers from './en/servers.json' with { type: 'json' };
import signIn from './en/sign-in.json' with { type: 'json' };

export const en = { ...frame, ...servers, ...signIn };
