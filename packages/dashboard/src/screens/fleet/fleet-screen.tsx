import { Search, X } from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { useFleetLoaded, useMediaQuery, usePlace, useTotals } from "../../hooks.ts";
import { useFormat } from "../../i18n/format.ts";
import { useText } from "../../i18n/use-text.ts";
import { Button } from "../../ui/button.tsx";
import { Input, Select } from "../../ui/field.tsx";
import { useTitle } from "../../ui/use-title.ts";
import { EmptyFleet } from "./empty-fleet.tsx";
import { FleetFeed } from "./fleet-feed.tsx";
import { type FleetFilter, type FleetSort, fleetFilters, fleetSorts } from "./fleet-order.ts";
import { FleetTotalsTiles } from "./fleet-totals.tsx";
import { MachineList } from "./machine-list.tsx";
import { useFleetOrder } from "./use-fleet-order.ts";

export default function FleetScreen() {
  const t = useText();
  const format = useFormat();
  useTitle(t("nav.fleet"));
  usePlace("fleet");
  const [parameters, setParameters] = useSearchParams();
  const filter = oneOf(fleetFilters, parameters.get("state"), "all");
  const sort = oneOf(fleetSorts, parameters.get("sort"), "worst");
  const [search, setSearch] = useState(parameters.get("q") ?? "");
  const { ids, pointer } = useFleetOrder({ filter, sort, search: useDeferredValue(search) });
  const loaded = useFleetLoaded();
  const totals = useTotals();
  const wide = useMediaQuery("(min-width: 900px)");

  const set = (name: string, value: string, standard: string) =>
    setParameters(
      (current) => {
        const next = new URLSearchParams(current);
        if (value === standard) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );

  return (
    <div className="grid gap-4">
      <h1 className="sr-only">{t("nav.fleet")}</h1>
      <FleetTotalsTiles filter={filter} onFilter={(value: FleetFilter) => set("state", value, "all")} />
      <div className="grid items-start gap-4 min-[1400px]:grid-cols-[minmax(0,1fr)_304px]">
        <section className="grid min-w-0 gap-3" aria-label={t("fleet.list")}>
          <div className="flex flex-wrap items-center gap-2">
            <SearchBox
              value={search}
              onChange={(value) => {
                setSearch(value);
                set("q", value.trim(), "");
              }}
            />
            <div className="flex items-center gap-2 text-muted text-sm max-sm:w-full">
              <label htmlFor="fleet-sort" className="max-sm:sr-only">
                {t("fleet.sort")}
              </label>
              <Select id="fleet-sort" value={sort} onChange={(event) => set("sort", event.target.value, "worst")} className="max-sm:w-full">
                {fleetSorts.map((value: FleetSort) => (
                  <option key={value} value={value}>
                    {t(`fleet.sort.${value}`)}
                  </option>
                ))}
              </Select>
            </div>
            <p role="status" className="ml-auto text-muted text-sm max-sm:hidden">
              {t("fleet.shown", { shown: format.integer(ids.length), all: format.integer(totals.machines) })}
            </p>
          </div>
          {loaded ? (
            ids.length > 0 ? (
              <MachineList ids={ids} wide={wide} onPointer={pointer} />
            ) : (
              <NothingShown
                empty={totals.machines === 0}
                onReset={() => {
                  setSearch("");
                  setParameters({}, { replace: true });
                }}
              />
            )
          ) : (
            <ListSkeleton />
          )}
        </section>
        <FleetFeed />
      </div>
    </div>
  );
}

function SearchBox({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useText();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]") !== null;
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener("keydown", focus);
    return () => window.removeEventListener("keydown", focus);
  }, []);
  return (
    <div className="relative w-full sm:w-72">
      <Search size={16} className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-3 text-muted" aria-hidden />
      <Input
        ref={input}
        type="search"
        aria-label={t("fleet.search")}
        placeholder={t("fleet.search")}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (value === "") event.currentTarget.blur();
          onChange("");
        }}
        className="pr-9 pl-9 [&::-webkit-search-cancel-button]:hidden"
      />
      {value === "" ? (
        <kbd className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-2.5 rounded border px-1.5 text-muted text-xs pointer-coarse:hidden">
          /
        </kbd>
      ) : (
        <button
          type="button"
          aria-label={t("fleet.search.clear")}
          onClick={() => onChange("")}
          className="-translate-y-1/2 absolute top-1/2 right-1.5 grid size-7 place-items-center rounded-md text-muted hover:text-ink"
        >
          <X size={15} aria-hidden />
        </button>
      )}
    </div>
  );
}

function NothingShown({ empty, onReset }: { empty: boolean; onReset: () => void }) {
  const t = useText();
  if (empty) return <EmptyFleet />;
  return (
    <div className="grid justify-items-center gap-3 rounded-xl border bg-surface px-6 py-14 text-center">
      <p className="text-muted">{t("fleet.nomatch")}</p>
      <Button onClick={onReset}>{t("fleet.reset")}</Button>
    </div>
  );
}

function ListSkeleton() {
  const t = useText();
  return (
    <div role="status" className="grid gap-2 rounded-xl border bg-surface p-4">
      <span className="sr-only">{t("common.loading")}</span>
      {["a", "b", "c", "d", "e", "f", "g", "h"].map((key) => (
        <div key={key} className="skeleton h-9" />
      ))}
    </div>
  );
}

function oneOf<T extends string>(known: readonly T[], value: string | null, standard: T): T {
  return known.find((item) => item === value) ?? standard;
}
