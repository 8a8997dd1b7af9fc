/** What sign-ins of the command line left behind: a file in the data folder that only its user can read. */
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const KeptSchema = z.object({
  /** As the authorization server registered us (RFC 7591), with the issuer it is for. */
  client: z.looseObject({ client_id: z.string() }).optional(),
  tokens: z.looseObject({ access_token: z.string(), token_type: z.string() }).optional(),
});
export type KeptSignIn = z.infer<typeof KeptSchema>;

const FileSchema = z.record(z.string(), KeptSchema);
const FILE = 'sign-ins.json';

export interface KeptSignIns {
  find(url: string): Promise<KeptSignIn>;
  save(url: string, kept: KeptSignIn): Promise<void>;
}

/** `url`: the MCP address that the tokens are for; they are shown nowhere else. */
export function openKeptSignIns(dataFolder: string): KeptSignIns {
  const path = join(dataFolder, FILE);
  const read = async (): Promise<Record<string, KeptSignIn>> => {
    const text = await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT') return '{}';
      throw thrown;
    });
    // Whatever is not ours is no token: one signs in again.
    return FileSchema.safeParse(tryParse(text)).data ?? {};
  };
  return {
    find: async (url) => (await read())[url] ?? {},
    async save(url, kept) {
      const all = { ...(await read()), [url]: kept };
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Renamed into place, so that nobody reads half a file.
      const draft = `${path}.${process.pid}`;
      await writeFile(draft, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
      await chmod(draft, 0o600);
      await rename(draft, path);
    },
  };
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
