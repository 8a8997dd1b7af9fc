import type { ReactNode } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { useText } from '../texts/texts.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { ProblemNotice } from './problem-notice.tsx';

interface ConfirmDialogProps {
  readonly isOpen: boolean;
  readonly close: () => void;
  readonly title: string;
  readonly children: ReactNode;
  /** Of the button that does it. */
  readonly text: string;
  readonly confirm: () => void;
  readonly isBusy?: boolean;
  readonly isDanger?: boolean;
  readonly problem?: ApiProblem | undefined;
}

/** Before what cannot be undone. What can be undone needs no question: see `notices.tsx`. */
export function ConfirmDialog({ isOpen, close, title, children, text, confirm, isBusy = false, isDanger = false, problem }: ConfirmDialogProps) {
  const say = useText();
  const footer = (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look={isDanger ? 'danger' : 'accent'} isBusy={isBusy} onClick={confirm}>
        {text}
      </Button>
    </>
  );
  return (
    <Dialog isOpen={isOpen} close={close} title={title} width="narrow" footer={footer}>
      <div className="grid gap-3">
        <div>{children}</div>
        {problem !== undefined && <ProblemNotice problem={problem} />}
      </div>
    </Dialog>
  );
}
