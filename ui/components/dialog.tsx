/** Dialogs and side panels. Whether they are open belongs into the address: see `url-state.ts`. */
import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { useText } from '../texts/texts.ts';
import { IconButton } from './button.tsx';
import { classNames } from './class-names.ts';

interface DialogProps {
  readonly isOpen: boolean;
  readonly close: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children: ReactNode;
  /** Buttons at the end. */
  readonly footer?: ReactNode;
  readonly width?: 'narrow' | 'normal' | 'wide';
}

const WIDTHS = { narrow: 'max-w-md', normal: 'max-w-xl', wide: 'max-w-4xl' } as const;
const BACKDROP = 'fixed inset-0 z-40 bg-black/35 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0';

export function Dialog({ width = 'normal', ...props }: DialogProps) {
  return (
    <Base.Root open={props.isOpen} onOpenChange={(isOpen) => isOpen || props.close()}>
      <Base.Portal>
        <Base.Backdrop className={BACKDROP} />
        <Base.Viewport className="fixed inset-0 z-50 grid place-items-start justify-items-center overflow-y-auto p-3 pt-[6vh] sm:p-6 sm:pt-[8vh]">
          <Base.Popup
            className={classNames(
              'w-full rounded-xl border border-line bg-surface shadow-raised outline-none transition duration-150 data-ending-style:scale-98 data-ending-style:opacity-0 data-starting-style:scale-98 data-starting-style:opacity-0',
              WIDTHS[width],
            )}
          >
            <Head {...props} />
            <div className="px-5 pb-5">{props.children}</div>
            <Foot>{props.footer}</Foot>
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}

/** Stands at the right edge; what is beneath keeps its place. */
export function SidePanel(props: DialogProps) {
  return (
    <Base.Root open={props.isOpen} onOpenChange={(isOpen) => isOpen || props.close()}>
      <Base.Portal>
        <Base.Backdrop className={BACKDROP} />
        <Base.Popup
          className={classNames(
            'fixed inset-y-0 right-0 z-50 flex w-full flex-col border-l border-line bg-surface shadow-raised outline-none transition duration-200 data-ending-style:translate-x-full data-starting-style:translate-x-full',
            props.width === 'wide' ? 'max-w-4xl' : 'max-w-2xl',
          )}
        >
          <Head {...props} />
          <div className="scrolls min-h-0 flex-1 overflow-y-auto px-5 pb-5">{props.children}</div>
          <Foot>{props.footer}</Foot>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function Head({ title, description, close }: DialogProps) {
  const say = useText();
  return (
    <div className="flex items-start gap-3 px-5 pt-4 pb-3">
      <div className="min-w-0 flex-1">
        <Base.Title className="text-[1.14rem] font-semibold">{title}</Base.Title>
        {description !== undefined && <Base.Description className="mt-0.5 text-soft">{description}</Base.Description>}
      </div>
      <IconButton icon="close" label={say('common.close')} onClick={close} className="-mr-2" />
    </div>
  );
}

function Foot({ children }: { readonly children: ReactNode }) {
  if (children === undefined || children === null) return null;
  return <div className="flex flex-wrap items-center justify-end gap-2 rounded-b-xl border-t border-line bg-canvas px-5 py-3">{children}</div>;
}
