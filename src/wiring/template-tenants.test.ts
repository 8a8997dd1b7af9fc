import { expect, test } from 'vitest';
import { TemplateTenants, type TemplateTenancy } from './template-tenants.ts';

const tenancy = (more: Partial<TemplateTenancy>): TemplateTenancy => ({ server: 't', principalId: 'ann', hasSandbox: false, sandbox: 'auto', ...more });

test('[ST-08] without a sandbox processes of templates are one principal\'s at a time', () => {
  const tenants = new TemplateTenants();
  const [first, second] = [tenants.enter(tenancy({})), tenants.enter(tenancy({}))];
  expect(() => tenants.enter(tenancy({ principalId: 'ben' }))).toThrow(/bubblewrap/);
  first();
  first();
  expect(() => tenants.enter(tenancy({ principalId: 'ben' }))).toThrow(/bubblewrap/);
  second();
  tenants.enter(tenancy({ principalId: 'ben' }))();
});

test('[ST-08] where a sandbox is required there is no process of a template without one, not even a shared one', () => {
  const tenants = new TemplateTenants();
  expect(() => tenants.enter(tenancy({ sandbox: 'required', principalId: undefined }))).toThrow(/bubblewrap/);
  tenants.enter(tenancy({ sandbox: 'required', hasSandbox: true }));
});

test('a sandbox, a shared process and an operator who answers for it let several principals in', () => {
  const tenants = new TemplateTenants();
  tenants.enter(tenancy({}));
  for (const more of [{ hasSandbox: true }, { principalId: undefined }, { sandbox: 'off' as const }]) expect(() => tenants.enter(tenancy({ principalId: 'ben', ...more }))).not.toThrow();
});
