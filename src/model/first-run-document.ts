/** What a gateway without any configuration offers: working sample tools at one endpoint. */
import type { ConfigInput } from './config-document.ts';

export interface SampleCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Server `sample`, namespace and endpoint `default`. The key is the starter key, which is made beside it. */
export function firstRunDocument(sample: SampleCommand): ConfigInput {
  return {
    servers: { sample: { type: 'stdio', command: sample.command, args: [...sample.args], description: 'Sample tools to try the gateway with.' } },
    namespaces: { default: { servers: ['sample'] } },
    endpoints: { default: { namespace: 'default' } },
  };
}
