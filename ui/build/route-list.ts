/** Writes `routes.json`: the first segments of all addresses of pages, so that the gateway answers those and no others. */
import type { Plugin } from 'vite';
import { ROUTE_SEGMENTS } from '../app/pages.ts';

export function routeList(): Plugin {
  return {
    name: 'route-list',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'routes.json', source: JSON.stringify(ROUTE_SEGMENTS) });
    },
  };
}
