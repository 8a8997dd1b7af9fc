/** `${principal:NAME}` in a header of a server: who makes the call, filled in for each (OC-13: in what operators configure only). */
import type { Principal } from './principal.ts';

export const PRINCIPAL_FACTS = ['id', 'kind', 'name', 'client', 'roles', 'groups'] as const;
type PrincipalFact = (typeof PRINCIPAL_FACTS)[number];

const TEMPLATE = /\$\{principal:([a-z]+)\}/g;
/** Visible ASCII but `%`, which marks what is encoded. */
const UNSENDABLE = /[^\x20-\x24\x26-\x7e]+/gu;

export function isPrincipalTemplate(text: string): boolean {
  return text.includes('${principal:');
}

/** Undefined where all is well. */
export function templateProblem(text: string): string | undefined {
  const isKnown = [...text.matchAll(TEMPLATE)].every(([, fact]) => (PRINCIPAL_FACTS as readonly (string | undefined)[]).includes(fact));
  if (isKnown && !text.replace(TEMPLATE, '').includes('${')) return undefined;
  return `expected \${principal:NAME} with a name of ${PRINCIPAL_FACTS.join(', ')}, and no other reference beside it`;
}

/** What a principal does not have is empty; what no header can hold is percent-encoded. */
export function fillTemplate(text: string, principal: Principal): string {
  return text.replace(TEMPLATE, (_, fact: PrincipalFact) => {
    const value = principal[fact];
    return (typeof value === 'string' ? value : (value ?? []).join(',')).toWellFormed().replace(UNSENDABLE, (part) => encodeURIComponent(part));
  });
}
