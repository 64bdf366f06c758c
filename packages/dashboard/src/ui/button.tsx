import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";
import { classNames } from "./class-names.ts";

const button = cva(
  "[&>svg]:shrink-0 inline-flex shrink-0 items-center justify-center gap-2 whitespace-nowrap rounded-lg border font-medium transition-colors disabled:cursor-not-allowed disabled:opacity-55",
  {
    variants: {
      look: {
        plain: "border-line bg-surface text-ink hover:bg-raised",
        primary: "border-transparent bg-accent text-bg hover:brightness-110",
        danger: "border-transparent bg-crit text-bg hover:brightness-110",
        quiet: "border-transparent bg-transparent text-muted hover:bg-raised hover:text-ink",
      },
      size: {
        normal: "h-9 px-3.5 text-base pointer-coarse:h-11",
        small: "h-8 px-2.5 text-sm pointer-coarse:h-11",
        icon: "size-9 pointer-coarse:size-11",
      },
    },
    defaultVariants: { look: "plain", size: "normal" },
  },
);

export type ButtonProps = ComponentProps<"button"> & VariantProps<typeof button>;

export function Button({ look, size, className, type, ...rest }: ButtonProps) {
  return <button type={type ?? "button"} className={classNames(button({ look, size }), className)} {...rest} />;
}
