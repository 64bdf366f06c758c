import type { ComponentProps, ReactNode } from "react";
import { useId } from "react";
import { classNames } from "./class-names.ts";

const box =
  "h-9 w-full rounded-lg border border-line bg-surface px-3 text-base text-ink placeholder:text-muted pointer-coarse:h-11 pointer-coarse:text-[16px]";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={classNames(box, className)} {...rest} />;
}

export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select className={classNames(box, "w-auto pr-8", className)} {...rest} />;
}

/** A label above its control, with a line below for what is wrong with it. */
export function Field({
  label,
  error,
  children,
}: {
  label: string;
  error?: string | null;
  children: (id: string, describedBy: string | undefined) => ReactNode;
}) {
  const id = useId();
  const errorId = `${id}-error`;
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="font-medium text-sm">
        {label}
      </label>
      {children(id, error ? errorId : undefined)}
      {error ? (
        <p id={errorId} className="text-crit text-sm">
          {error}
        </p>
      ) : null}
    </div>
  );
}
