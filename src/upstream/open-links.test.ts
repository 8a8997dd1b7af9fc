import { expect, test } from 'vitest';
import { Fault } from '../base/fault.ts';
import type { Link, LinkEvents, OpenLink } from './link.ts';
import { OpenLinks } from './open-links.ts';

/** Links that tell when they are closed, as real ones do. */
function createOpener(): { readonly openLink: OpenLink; readonly closed: string[]; readonly end: () => void } {
  const closed: string[] = [];
  let last: LinkEvents | undefined;
  const openLink: OpenLink = async (events) => {
    last = events;
    const close = async (): Promise<void> => {
      closed.push('closed');
      events.closed(new Fault('upstream.closed'));
    };
    return { kind: 'stdio', pid: 1, send: ignore, abort: ignore, stderrTail: () => '', close } satisfies Link;
  };
  return { openLink, closed, end: () => last?.closed(new Fault('upstream.closed')) };
}

const EVENTS: LinkEvents = { message: ignore, failed: ignore, closed: ignore, dropped: ignore };

test('a link that is still shaking hands is closed with the others', async () => {
  const links = new OpenLinks('files');
  const { openLink, closed } = createOpener();
  await links.track(openLink)(EVENTS);
  await links.close();
  expect(closed).toEqual(['closed']);
});

test('a link that ended by itself is not closed again', async () => {
  const links = new OpenLinks('files');
  const { openLink, closed, end } = createOpener();
  await links.track(openLink)(EVENTS);
  end();
  await links.close();
  expect(closed).toEqual([]);
});

test('a link that opens after the end is closed at once, and its opener is told', async () => {
  const links = new OpenLinks('files');
  const { openLink, closed } = createOpener();
  await links.close();
  await expect(links.track(openLink)(EVENTS)).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'stopped' });
  expect(closed).toEqual(['closed']);
});

function ignore(): void {
  // Nothing is told here that these tests ask for.
}
