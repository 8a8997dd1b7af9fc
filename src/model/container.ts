/** Where the processes of a server run, and the container of one that runs in a container. */
import { z } from 'zod';

/**
 * `every`: a process of each gateway. `one`: one process of one gateway, to which the others send on. `container`: in a
 * container that the gateway has started for it, where the operator gave it an engine.
 */
export const PLACEMENTS = ['every', 'one', 'container'] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** An image by its digest: what runs tomorrow is what ran today. */
const IMAGE = /^[a-z0-9][a-zA-Z0-9._:/-]*@sha256:[0-9a-f]{64}$/;

export const ContainerSchema = z.strictObject({
  image: z.string().max(1_000).regex(IMAGE, 'expected an image with its digest, such as ghcr.io/owner/name@sha256:…').describe('The image, with its digest.'),
  memoryBytesMax: z.int().min(16 << 20).default(512 << 20).describe('Memory of the container, bytes.'),
  cpus: z.number().min(0.05).max(64).default(1).describe('Processors that it may use.'),
  processesMax: z.int().min(1).max(32_768).default(64).describe('Processes in it. Kubernetes has no such limit for one pod.'),
  network: z.enum(['none', 'open']).default('none').describe('none: it reaches nothing. open: what the operator lets containers reach.'),
});

/** What a container may be and use. */
export type ContainerSpec = z.infer<typeof ContainerSchema>;
