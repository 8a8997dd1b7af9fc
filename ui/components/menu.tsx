import { Menu as Base } from '@base-ui/react/menu';
import { cloneElement, type ComponentProps, type ReactElement, useState } from 'react';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';

export interface MenuItem {
  readonly text: string;
  readonly icon?: IconName;
  readonly onSelect: () => void;
  readonly isDanger?: boolean;
  readonly isDisabled?: boolean;
  /** Marks the one that holds now. */
  readonly isCurrent?: boolean;
}

interface MenuProps {
  /** What opens it: a button. */
  readonly trigger: ReactElement<ComponentProps<'button'>>;
  readonly items: readonly (MenuItem | 'line')[];
}

/** Made when it is first opened: tables have one in each row, and hardly any is ever looked at. */
export function Menu({ trigger, items }: MenuProps) {
  const [isMade, make] = useState(false);
  // After the press is over: it would count as one beside the menu.
  if (!isMade) return cloneElement(trigger, { 'aria-haspopup': 'menu', 'aria-expanded': false, onClick: () => void window.setTimeout(() => make(true)) });
  return (
    <Base.Root modal={false} defaultOpen>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="z-60 outline-none">
          <Base.Popup className="min-w-44 rounded-lg border border-line bg-surface p-1 shadow-raised outline-none">
            {items.map((item, index) => (item === 'line' ? <Base.Separator key={`line ${index}`} className="my-1 h-px bg-line" /> : <Item key={item.text} item={item} />))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Item({ item }: { readonly item: MenuItem }) {
  return (
    <Base.Item
      disabled={item.isDisabled}
      onClick={item.onSelect}
      className={classNames('flex cursor-pointer items-center gap-2 rounded-md px-2.5 py-1.5 outline-none data-disabled:cursor-not-allowed data-disabled:opacity-55 data-highlighted:bg-hover', item.isDanger === true && 'text-bad')}
    >
      {item.icon !== undefined && <Icon name={item.icon} />}
      <span className="flex-1">{item.text}</span>
      {item.isCurrent === true && <Icon name="check" />}
    </Base.Item>
  );
}
