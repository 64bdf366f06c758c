import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { startI18n } from "./i18n/i18n.ts";
import { Session } from "./session.ts";
import { theme } from "./settings/theme.ts";
import "./ui/tokens.css";

theme.start();
await startI18n();

const session = new Session();
void session.start();

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App session={session} />
  </StrictMode>,
);
