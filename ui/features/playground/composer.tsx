import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { useText } from '../../texts/texts.ts';

interface ComposerProps {
  readonly isBusy: boolean;
  readonly send: (text: string) => void;
  readonly stop: () => void;
}

/** Enter sends, Shift and Enter begins a line. An input method that is still choosing characters keeps its Enter. */
export function Composer({ isBusy, send, stop }: ComposerProps) {
  const say = useText();
  const [text, setText] = useState('');
  const submit = (): void => {
    if (isBusy || text.trim() === '') return;
    send(text.trim());
    setText('');
  };
  return (
    <form
      className="flex items-end gap-2 border-t border-line p-3"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        aria-label={say('playground.message')}
        placeholder={say('playground.messageHint')}
        rows={2}
        className="field scrolls max-h-48 flex-1 resize-y"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          submit();
        }}
      />
      {isBusy ? (
        <Button icon="close" onClick={stop}>
          {say('playground.stop')}
        </Button>
      ) : (
        <Button type="submit" look="accent" disabled={text.trim() === ''}>
          {say('playground.send')}
        </Button>
      )}
    </form>
  );
}
