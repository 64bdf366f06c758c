/** The sign: one point that reaches many. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <g fill="none" stroke="var(--bg)" strokeWidth="2.6" strokeLinecap="round">
        <path d="M10.4 18.6a8 8 0 0 1 11.2 0" />
        <path d="M6.4 14a13.6 13.6 0 0 1 19.2 0" opacity=".55" />
      </g>
      <circle cx="16" cy="23.2" r="2.6" fill="var(--bg)" />
    </svg>
  );
}
