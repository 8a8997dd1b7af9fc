/** Lines out to the client, with back-pressure, and words for people on stderr. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Outlet } from './flight.ts';

/** `onGone` is called once when nobody reads stdout any more. */
export function createOutlet(stdout: Writable, stderr: Writable, onGone: () => void): Outlet {
  let isGone = false;
  let room: Promise<unknown> | undefined;
  const leave = (): void => {
    if (!isGone) onGone();
    isGone = true;
  };
  stdout.on('error', leave);
  stdout.on('close', leave);
  return {
    async write(line) {
      if (isGone || stdout.write(`${line}\n`)) return;
      room ??= Promise.race([once(stdout, 'drain'), once(stdout, 'close')])
        .catch(leave)
        .finally(() => {
          room = undefined;
        });
      await room;
    },
    log: (text) => void stderr.write(`metamcp stdio: ${text}\n`),
  };
}
