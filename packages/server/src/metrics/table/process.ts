import { counter, gauge } from "../family.ts";

/** The names that every Prometheus client library uses; the system tells them, where it is Linux. */
export const processFamilies = {
  cpu: counter("process_cpu_seconds_total", [], "Processor time used.", "已用的处理器时间。"),
  memory: gauge("process_resident_memory_bytes", [], "Memory in use.", "常驻内存。"),
  virtualMemory: gauge("process_virtual_memory_bytes", [], "Address space in use.", "虚拟内存。"),
  started: gauge("process_start_time_seconds", [], "When the process started. Unix time.", "进程启动时间（Unix 时间）。"),
  openFiles: gauge("process_open_fds", [], "Open file descriptors.", "打开的文件描述符数。"),
  filesMax: gauge("process_max_fds", [], "How many may be open.", "可打开的文件描述符上限。"),
} as const;
