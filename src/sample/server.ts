/**
 * The sample server: what a new user calls before registering a server of their own. A child process over stdio
 * (basic/transports/stdio), without any package, so that it is there at once.
 */
import { systemClock } from '../base/clock.ts';
import { serveStdio } from '../serving/serve-stdio.ts';
import { SamplePeer } from './peer.ts';

serveStdio((send) => new SamplePeer({ clock: systemClock, send }));
