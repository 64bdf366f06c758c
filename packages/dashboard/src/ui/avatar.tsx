import { classNames } from "./class-names.ts";

/** A person as one or two letters, on a hue of their own that stays the same everywhere. */
export function Avatar({ name, seed, size, className }: { name: string; seed: string; size: number; className?: string }) {
  const hue = hueOf(seed);
  return (
    <span
      aria-hidden
      className={classNames("inline-grid shrink-0 place-items-center rounded-full font-semibold text-[#ffffff]", className)}
      style={{ width: size, height: size, fontSize: size * 0.42, background: `oklch(0.46 0.11 ${hue})` }}
    >
      {initials(name)}
    </span>
  );
}

function initials(name: string): string {
  const trimmed = name.trim();
  if (trimmed === "") return "?";
  // A Chinese name is known by its given name, a Latin one by its initials.
  if (/\p{Script=Han}/u.test(trimmed)) return [...trimmed].at(-1)!;
  const words = trimmed.split(/[\s._-]+/).filter((word) => word !== "");
  return words
    .slice(0, 2)
    .map((word) => [...word][0]!.toUpperCase())
    .join("");
}

function hueOf(seed: string): number {
  let hash = 0;
  for (const character of seed) hash = (hash * 31 + character.codePointAt(0)!) % 360;
  return hash;
}
