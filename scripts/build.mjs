/** `npm run build`: the web pages, into `dist/ui`, unless they are there already. `npm start` does the same by itself. */
import { ensureInstalled, ensurePagesBuilt, main } from '../bin/launch.js';

await main(async () => {
  await ensureInstalled();
  await ensurePagesBuilt();
});
