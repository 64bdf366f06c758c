import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import { useText } from "../../i18n/use-text.ts";
import { classNames } from "../../ui/class-names.ts";
import { cardHeightPx, columns, MachineRow, rowHeightPx } from "./machine-row.tsx";

interface ListProps {
  readonly ids: readonly string[];
  readonly wide: boolean;
  readonly onPointer: (inside: boolean) => void;
}

/** The list, of which only what is in sight is mounted: rows on a wide screen, cards on a narrow one. */
export function MachineList({ ids, wide, onPointer }: ListProps) {
  const t = useText();
  const box = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    // What stands above may grow (a notice, a line about the connection): the list has to know where it begins.
    const measure = () => box.current !== null && setMargin(Math.round(box.current.getBoundingClientRect().top + window.scrollY));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  const height = wide ? rowHeightPx : cardHeightPx;
  const virtualizer = useWindowVirtualizer({
    count: ids.length,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: margin,
    getItemKey: (index) => ids[index]!,
  });
  useLayoutEffect(() => {
    // The other layout has another height; what was measured before no longer holds.
    if (height > 0) virtualizer.measure();
  }, [virtualizer, height]);

  return (
    // biome-ignore lint/a11y/useSemanticElements: see MachineRow
    <div
      role="table"
      aria-label={t("fleet.list")}
      aria-rowcount={ids.length + 1}
      onPointerEnter={(event) => event.pointerType === "mouse" && onPointer(true)}
      onPointerLeave={() => onPointer(false)}
      className={wide ? "rounded-xl border bg-surface" : ""}
    >
      <Head wide={wide} />
      {/* biome-ignore lint/a11y/useSemanticElements: see MachineRow */}
      <div ref={box} role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => (
          <div
            key={item.key}
            role="presentation"
            className="absolute inset-x-0 top-0"
            style={{ height, transform: `translateY(${item.start - virtualizer.options.scrollMargin}px)` }}
          >
            <MachineRow vmId={ids[item.index]!} index={item.index} wide={wide} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Head({ wide }: { wide: boolean }) {
  const t = useText();
  const names = [
    t("column.state"),
    t("column.machine"),
    t("column.temp"),
    t("column.voltage"),
    t("column.door"),
    t("column.alarm"),
    t("column.seen"),
  ];
  const toTheRight = new Set([2, 3, 6]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: see MachineRow
    // biome-ignore lint/a11y/useFocusableInteractive: see MachineRow
    <div
      role="row"
      aria-rowindex={1}
      className={
        wide ? classNames("grid h-10 items-center gap-4 rounded-t-xl border-b bg-surface px-4 text-muted text-sm", columns) : "sr-only"
      }
    >
      {names.map((name, index) => (
        // biome-ignore lint/a11y/useSemanticElements: see MachineRow
        // biome-ignore lint/a11y/useFocusableInteractive: see MachineRow
        <div key={name} role="columnheader" className={toTheRight.has(index) ? "text-right" : ""}>
          {name}
        </div>
      ))}
    </div>
  );
}
