import { useRead } from '../../api/queries.ts';
import { SelectField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';

/** Which namespace offers the new server; the first one, unless somebody says otherwise. */
export function NamespaceChoice({ value, set }: { readonly value: string | undefined; readonly set: (name: string) => void }) {
  const say = useText();
  const namespaces = useRead('GET /api/v1/namespaces').data?.items ?? [];
  const options = [...namespaces.map(({ name }) => ({ value: name, label: name })), { value: '', label: say('servers.noNamespace') }];
  return <SelectField label={say('servers.offerIn')} help={say('servers.offerInHelp')} value={value ?? namespaces[0]?.name ?? ''} set={set} options={options} />;
}

export function useFirstNamespace(): string {
  return useRead('GET /api/v1/namespaces').data?.items[0]?.name ?? '';
}
