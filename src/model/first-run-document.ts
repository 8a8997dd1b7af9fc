/** What a gateway without any configuration offers: working sample tools at one endpoint. */
import { type ConfigDocument, parseConfigDocument } from './config-document.ts';

export interface SampleCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Server `sample`, namespace and endpoint `default`, and the key `starter`, whose value is made when it is first stored. */
export function firstRunDocument(sample: SampleCommand): ConfigDocument {
  return parseConfigDocument({
    servers: { sample: { type: 'stdio', command: sample.command, args: [...sample.args], description: 'Sample tools to try the gateway with.' } },
    namespaces: { default: { servers: ['sample'] } },
    endpoints: { default: { namespace: 'default' } },
    keys: { starter: { generate: true } },
  });
}
