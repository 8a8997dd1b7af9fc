/** A process that is only a pipe: `node test/bridge/stdio-relay.ts PORT` lets a server in the test's own process be one over stdio. */
import { connect } from 'node:net';

const socket = connect(Number(process.argv[2]), '127.0.0.1');
process.stdin.pipe(socket, { end: false });
process.stdin.on('end', () => socket.destroy());
socket.pipe(process.stdout);
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(0));
