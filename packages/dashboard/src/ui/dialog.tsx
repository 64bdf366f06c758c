import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useState } from "react";
import { useText } from "../i18n/use-text.ts";
import { Button } from "./button.tsx";

interface DialogProps {
  readonly title: string;
  readonly description?: ReactNode;
  readonly children: ReactNode;
  readonly onClose: () => void;
  /** False keeps it open against Esc and clicks beside it: the person has to decide. */
  readonly dismissible?: boolean;
}

export function Dialog({ title, description, children, onClose, dismissible = true }: DialogProps) {
  const t = useText();
  const keepOpen = (event: Event) => {
    if (!dismissible) event.preventDefault();
  };
  const [opener] = useState(() => document.activeElement);
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-[rgb(10_14_20_/_55%)]" />
        <Radix.Content
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (opener instanceof HTMLElement) opener.focus();
          }}
          onEscapeKeyDown={keepOpen}
          onPointerDownOutside={keepOpen}
          onInteractOutside={keepOpen}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className="float-in fixed inset-x-3 bottom-3 z-50 mx-auto max-h-[88dvh] max-w-md overflow-y-auto rounded-2xl border bg-surface p-5 shadow-float outline-none sm:top-[14vh] sm:bottom-auto sm:p-6"
        >
          <div className="mb-4 flex items-start gap-3">
            <div className="grid gap-1">
              <Radix.Title className="font-semibold text-lg leading-snug">{title}</Radix.Title>
              {description === undefined ? null : <Radix.Description className="text-muted text-sm">{description}</Radix.Description>}
            </div>
            {dismissible ? (
              <Radix.Close asChild>
                <Button look="quiet" size="icon" className="-mt-1.5 -mr-2 ml-auto" aria-label={t("common.close")}>
                  <X size={18} aria-hidden />
                </Button>
              </Radix.Close>
            ) : null}
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
