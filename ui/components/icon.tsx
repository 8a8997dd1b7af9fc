/** Line icons of 24 by 24, drawn in the colour of the text around them. They say nothing on their own: label what holds them. */
const PATHS = {
  overview: 'M4 13h6V4H4v9Zm10 7h6V11h-6v9ZM4 20h6v-4H4v4Zm10-13h6V4h-6v3Z',
  server: 'M4 5h16v6H4V5Zm0 8h16v6H4v-6Zm3.5-5h.01M7.5 16h.01',
  layers: 'm12 3 9 5-9 5-9-5 9-5Zm-9 9.5 9 5 9-5M3 17l9 5 9-5',
  plug: 'M9 3v5m6-5v5M6 8h12v3a6 6 0 0 1-12 0V8Zm6 9v4',
  key: 'M14.5 9.5a4.5 4.5 0 1 0-4.2 4.5l1.7-1.7h2v-2h2l1.5-1.5M6.5 9.5h.01M14 10l6-6m0 0h-3m3 0v3',
  users: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6 9a6 6 0 0 1 12 0m1-9.2a3.5 3.5 0 0 0 0-6.6M18 20a6 6 0 0 0-2.5-4.9',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 9a8 8 0 0 1 16 0',
  history: 'M4 5v5h5M4.5 10A8 8 0 1 1 4 13m8-5v5l3 2',
  shield: 'M12 3 5 6v5c0 4.5 3 8 7 10 4-2 7-5.5 7-10V6l-7-3Zm-3 9 2 2 4-4',
  gauge: 'M5 18a9 9 0 1 1 14 0M12 14l4-5m-4 6.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z',
  flow: 'M5 7h5a3 3 0 0 1 3 3v4a3 3 0 0 0 3 3h3m0 0-3-3m3 3-3 3M5 17h3M14 7h5',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  pulse: 'M3 12h4l3-8 4 16 3-8h4',
  book: 'M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3V4Zm0 13a3 3 0 0 1 3-3h11',
  coins: 'M9 12c3 0 5.5-1 5.5-2.5S12 7 9 7 3.5 8 3.5 9.5 6 12 9 12Zm-5.5-2.5V15c0 1.5 2.5 2.5 5.5 2.5s5.5-1 5.5-2.5V9.5M20.5 8v7c0 1-1 1.8-2.5 2.2M10 4.5c1-.6 2.5-1 4.5-1 3.5 0 6 1 6 2.5s-2.5 2.5-5.5 2.5',
  file: 'M6 3h8l4 4v14H6V3Zm8 0v4h4M9 12h6m-6 4h6',
  chat: 'M4 5h16v11H9l-5 4V5Zm4 4h8m-8 3h5',
  wrench: 'M14.5 6.5a4 4 0 0 1 5-1l-2.5 2.5 1 2 2 1 2-2a4 4 0 0 1-5.5 4L9 20.5a2 2 0 0 1-3-3l7.5-7.5a4 4 0 0 1 1-3.5Z',
  settings: 'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm7.5-3c0 .6 0 1-.2 1.5l2 1.5-2 3.5-2.4-1a7 7 0 0 1-2.5 1.5L14 21.5h-4l-.4-2.5A7 7 0 0 1 7 17.5l-2.4 1-2-3.5 2-1.5a7 7 0 0 1 0-3l-2-1.5 2-3.5 2.4 1A7 7 0 0 1 9.6 5L10 2.5h4l.4 2.5A7 7 0 0 1 17 6.5l2.4-1 2 3.5-2 1.5c.1.5.1 1 .1 1.5Z',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.5 4.5',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  close: 'm6 6 12 12M18 6 6 18',
  more: 'M5 12h.5M11.75 12h.5M18.5 12h.5',
  copy: 'M9 9h11v11H9V9ZM5 15H4V4h11v1',
  trash: 'M4 7h16M9 7V4h6v3m-8.5 0 1 13h9l1-13M10 11v5m4-5v5',
  edit: 'M4 20h4L19 9l-4-4L4 16v4Zm9-13 4 4',
  refresh: 'M20 5v5h-5M4 19v-5h5M19.5 10A8 8 0 0 0 5.5 7.5M4.5 14a8 8 0 0 0 14 2.5',
  power: 'M12 3v8m5-5.5a8 8 0 1 1-10 0',
  download: 'M12 4v11m0 0-4-4m4 4 4-4M5 20h14',
  upload: 'M12 15V4m0 0L8 8m4-4 4 4M5 20h14',
  external: 'M14 4h6v6m0-6-9 9M10 5H5v14h14v-5',
  menu: 'M4 7h16M4 12h16M4 17h16',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-13v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4',
  moon: 'M20 14a8 8 0 0 1-10-10 8 8 0 1 0 10 10Z',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Zm9.5 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  eyeOff: 'M4 4l16 16M9.5 6a9.5 9.5 0 0 1 2.5-.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-3 3.7M6 7.5A16 16 0 0 0 2.5 12S6 18.5 12 18.5c1.5 0 2.8-.4 4-1',
  screen: 'M4 5h16v11H4V5Zm5 15h6m-3-4v4',
  globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c2.5 2.5 3.5 5.5 3.5 9s-1 6.5-3.5 9c-2.5-2.5-3.5-5.5-3.5-9S9.5 5.5 12 3Z',
  chevron: 'm9 6 6 6-6 6',
  down: 'm6 9 6 6 6-6',
  up: 'm6 15 6-6 6 6',
  warning: 'M12 4 2.5 20h19L12 4Zm0 6v5m0 2.5h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-10v5.5M12 7.5h.01',
  help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-2.5-11.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7m0 3h.01',
  leave: 'M10 4H5v16h5m4-12 4 4-4 4m4-4H9',
  terminal: 'M4 5h16v14H4V5Zm3 4 3 3-3 3m5 0h4',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7m2 3a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg aria-hidden width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth={1.75} strokeLinecap="round" strokeLinejoin="round" className="shrink-0">
      <path d={PATHS[name]} />
    </svg>
  );
}
