import { spawn } from "node:child_process";

/**
 * Runs a child on our terminal and ends with its exit code. Ctrl-C in a terminal reaches the whole process group, so SIGINT
 * is not passed on: the child has it already, and we only wait. SIGTERM and SIGHUP usually mean this process alone; they
 * are passed on (the server takes a second one within a second for the same wish).
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>} the exit code; 128 + n when signal n ended it
 */
export function runChild(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { stdio: "inherit", ...options });
    const ignore = () => {};
    const pass = (signal) => child.kill(signal);
    process.on("SIGINT", ignore);
    process.on("SIGTERM", pass);
    process.on("SIGHUP", pass);
    const finish = (code) => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", pass);
      process.off("SIGHUP", pass);
      resolve(code);
    };
    child.once("error", (error) => {
      process.stderr.write(`${command} cannot be started: ${error.message}\n`);
      finish(1);
    });
    child.once("exit", (code, signal) => finish(code ?? 128 + (signalNumbers[signal] ?? 0)));
  });
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };
