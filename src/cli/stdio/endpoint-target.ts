/** Where the bridge dials: the address given, the gateway of the data folder, or one that it starts itself. */
import { Fault } from '../../base/fault.ts';
import type { CliHost } from '../host.ts';
import { dataFolderOf, findGateway, type Gateway, isMcpUrl, mcpUrlOf } from '../locate.ts';
import { Refusal } from '../refusal.ts';
import type { BackgroundGateway } from './background-gateway.ts';
import { createTargetSignIn, withCredential } from './target-sign-in.ts';
import type { FindTarget, Target, WireDeps } from './wire.ts';

export interface EndpointFlags {
  readonly url?: string | undefined;
  readonly data?: string | undefined;
  readonly token?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly key?: string | undefined;
  /** Passed on to a gateway that is started. */
  readonly serveArgs?: readonly string[];
}

export interface EndpointTarget {
  readonly find: FindTarget;
  /** For the wire: what to do after a 401. */
  readonly signIn: NonNullable<WireDeps['signIn']>;
  /** Whether the endpoint was found at least once. */
  wasFound(): boolean;
  /** Ends a gateway that was started. */
  close(): Promise<void>;
}

/** `log` gets a line for people when a gateway is started. */
export function createEndpointTarget(
  flags: EndpointFlags,
  host: CliHost,
  options: { readonly mayStart: boolean; readonly log: (text: string) => void; /** A person may be asked to sign in. */ readonly isInteractive?: boolean },
): EndpointTarget {
  let target: Target | undefined;
  let background: BackgroundGateway | undefined;
  let pending: Promise<Target> | undefined;
  const signIns = createTargetSignIn({ host, dataFolder: dataFolderOf(flags, host), log: options.log, isInteractive: options.isInteractive === true });

  const locate = async (mayStart: boolean): Promise<Gateway> => {
    const running = await findGateway(flags, host);
    if (running !== undefined) return running;
    const dataFolder = dataFolderOf(flags, host);
    if (!mayStart || !options.mayStart) throw new Refusal(`No gateway runs on the data folder ${dataFolder}.`, 'Start one with: metamcp serve');
    options.log(`No gateway runs on ${dataFolder}; starting one that ends with this process.`);
    await background?.stop(2000);
    const { startBackgroundGateway } = await import('./background-gateway.ts');
    background = await startBackgroundGateway({ host, dataFolder, serveArgs: flags.serveArgs ?? [] });
    options.log(`The gateway listens on ${background.file.url}.`);
    return { url: background.file.url, baseUrl: background.file.url.replace(/\/$/, ''), adminUrl: background.file.adminUrl, token: background.file.token, isLocal: true };
  };

  const find = async (mayStart: boolean): Promise<Target> => {
    const gateway = await locate(mayStart);
    const endpoint = flags.endpoint ?? (isMcpUrl(gateway.url) ? '' : await defaultEndpoint(gateway));
    const url = mcpUrlOf(gateway, endpoint);
    return withCredential(url, flags.key ?? gateway.token ?? (await signIns.token(url)));
  };

  return {
    async signIn(refused, challenge) {
      // Whoever gave a key means that one.
      const renewed = flags.key === undefined ? await signIns.renew(refused, challenge) : undefined;
      target = renewed ?? target;
      return renewed;
    },
    async find({ isAgain, mayStart }) {
      if (target !== undefined && !isAgain) return target;
      // One search for all who wait, so that one gateway is started.
      pending ??= find(mayStart).finally(() => {
        pending = undefined;
      });
      try {
        target = await pending;
        return target;
      } catch (error) {
        throw error instanceof Refusal ? new Fault('upstream.unavailable', { message: `${error.message} ${error.advice}`, cause: error }) : error;
      }
    },
    wasFound: () => target !== undefined,
    close: async () => await background?.stop(5000),
  };
}

/** `default`, else the first there is. Without the operator token the list cannot be asked for, and `default` is assumed. */
async function defaultEndpoint(gateway: Gateway): Promise<string> {
  if (gateway.token === undefined) return 'default';
  const { createAdminClient } = await import('../admin-client.ts');
  const { items } = await createAdminClient(gateway).listEndpoints();
  const [first] = items;
  if (first === undefined) throw new Refusal('The gateway has no endpoint.', 'Add one in the admin UI, or start it with --config FILE.');
  return items.some((endpoint) => endpoint.name === 'default') ? 'default' : first.name;
}
