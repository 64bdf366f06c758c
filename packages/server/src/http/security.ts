/**
 * Security headers for whatever a browser gets from us (S14): inline code never runs, nobody frames us, types are not
 * guessed. Pure, so that the dashboard's files, the try page and `/v1` take the same ones.
 */

/**
 * For pages. Scripts only from our own origin. Styles may be inline: component libraries of the dashboard write
 * `<style>` elements at run time, and a style cannot run code. `ws:` and `wss:` because an external push engine may
 * have another host.
 */
const pagePolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** For answers that are no page: a browser that shows one anyway may load nothing. */
const dataPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const always: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "X-Frame-Options": "DENY",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** For an HTML page and the files it loads. */
export function pageSecurityHeaders(): Readonly<Record<string, string>> {
  return { ...always, "Content-Security-Policy": pagePolicy };
}

/** For JSON and every other answer. */
export function dataSecurityHeaders(): Readonly<Record<string, string>> {
  return { ...always, "Content-Security-Policy": dataPolicy };
}
