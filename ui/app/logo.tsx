export function Logo() {
  return (
    <span className="inline-flex items-center gap-2 text-[1.07rem] font-semibold tracking-tight">
      <svg aria-hidden viewBox="0 0 32 32" className="size-6">
        <rect width="32" height="32" rx="8" className="fill-accent" />
        <path d="M8 22V10l8 8 8-8v12" fill="none" strokeWidth="3" strokeLinecap="round" strokeLinejoin="round" className="stroke-accent-ink" />
      </svg>
      MetaMCP
    </span>
  );
}
