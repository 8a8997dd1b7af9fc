/** Another configuration, to be compared with the one that holds: at first it is that one, to be changed. */
import { useEffect } from 'react';
import { useRead } from '../../api/queries.ts';
import { CodeField } from '../../components/json-field.tsx';
import { Loaded } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';

interface OtherConfigurationProps {
  /** Empty: not begun. */
  readonly text: string;
  readonly set: (text: string) => void;
}

export function OtherConfiguration({ text, set }: OtherConfigurationProps) {
  const say = useText();
  const exported = useRead('GET /api/v1/config/export', { query: { format: 'yaml' } });
  const present = exported.data?.text;
  useEffect(() => {
    if (text === '' && present !== undefined) set(present);
  }, [text, present, set]);
  return <Loaded read={exported}>{() => <CodeField label={say('discovery.otherConfiguration')} help={say('discovery.otherConfigurationHelp')} language="yaml" value={text} set={set} />}</Loaded>;
}
