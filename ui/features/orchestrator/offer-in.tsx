import { useState } from 'react';
import { useRead } from '../../api/queries.ts';
import { SelectField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';

interface Offer {
  /** Of the namespace that offers the new server; empty: none. */
  readonly name: string;
  readonly set: (name: string) => void;
  readonly names: readonly string[];
}

export function useOffer(): Offer {
  const names = (useRead('GET /api/v1/namespaces').data?.items ?? []).map(({ name }) => name);
  const [chosen, set] = useState<string>();
  return { name: chosen ?? names[0] ?? '', set, names };
}

export function OfferIn({ offer }: { readonly offer: Offer }) {
  const say = useText();
  const options = [...offer.names.map((name) => ({ value: name, label: name })), { value: '', label: say('servers.noNamespace') }];
  return <SelectField label={say('servers.offerIn')} help={say('servers.offerInHelp')} value={offer.name} set={offer.set} options={options} />;
}
