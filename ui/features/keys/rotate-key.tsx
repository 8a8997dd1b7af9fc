import { useState } from 'react';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Form, SelectField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import type { Key } from './key.ts';
import { SecretOnce } from './secret-once.tsx';

const FORM = 'rotate-key';
const OVERLAPS = ['0', '3600', '86400', '604800'] as const;

export function RotateKey({ entry, close }: { readonly entry: Key | undefined; readonly close: () => void }) {
  const say = useText();
  const [overlap, setOverlap] = useState<string>('86400');
  const [value, setValue] = useState<string>();
  const rotate = useChange('POST /api/v1/keys/{id}/rotate', { done: (made) => setValue(made.value), refused: () => undefined });
  const end = (): void => {
    setValue(undefined);
    rotate.reset();
    close();
  };
  const footer =
    value === undefined ? (
      <>
        <Button onClick={end}>{say('common.cancel')}</Button>
        <Button look="accent" type="submit" form={FORM} isBusy={rotate.isRunning}>
          {say('keys.rotate')}
        </Button>
      </>
    ) : (
      <Button look="accent" onClick={end}>
        {say('keys.kept')}
      </Button>
    );
  return (
    <Dialog isOpen={entry !== undefined} close={end} title={say('keys.rotateTitle', { name: entry?.name ?? '' })} description={say('keys.rotateLead')} footer={footer} width="narrow">
      {value === undefined ? (
        <Form id={FORM} problem={rotate.problem} submit={() => entry !== undefined && rotate.run({ params: { id: entry.id }, body: { overlapSeconds: Number(overlap) } })}>
          <SelectField label={say('keys.overlap')} value={overlap} set={setOverlap} options={OVERLAPS.map((each) => ({ value: each, label: say(`keys.overlaps.${each}`) }))} />
        </Form>
      ) : (
        <SecretOnce value={value} />
      )}
    </Dialog>
  );
}
