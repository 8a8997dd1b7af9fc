/**
 * Preloaded where the launcher runs the program as a child: when the launcher is gone, even by SIGKILL, its channel
 * closes and the program is told to stop as if it had been asked itself. Nothing is left running unseen.
 */
if (process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
