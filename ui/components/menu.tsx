import { Menu as Base } from '@base-ui/react/menu';
import type { ReactElement } from 'react';
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
  /** What opens it. */
  readonly trigger: ReactElement;
  readonly items: readonly (MenuItem | 'line')[];
}

export function Menu({ trigger, items }: MenuProps) {
  return (
    <Base.Root modal={false}>
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
