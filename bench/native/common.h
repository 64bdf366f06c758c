/* What the load drivers share: time, the CPU and memory of the processes under test, sockets, WebSocket frames. */
#ifndef FLEETCAST_BENCH_COMMON_H
#define FLEETCAST_BENCH_COMMON_H
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static inline void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/* "1,2,3" -> CPU microseconds of these processes, all threads, also those that ended: user and system, to the nanosecond. */
static inline uint64_t cpu_us_of(const char *pids) {
  uint64_t total_ns = 0;
  const char *at = pids;
  while (*at) {
    long pid = strtol(at, (char **)&at, 10);
    if (*at == ',') at++;
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid((pid_t)pid, &clock) != 0 || clock_gettime(clock, &t) != 0) continue;
    total_ns += (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
  }
  return total_ns / 1000;
}

static inline uint64_t rss_kb_of(const char *pids) {
  uint64_t total = 0;
  const char *at = pids;
  while (*at) {
    char path[64];
    long pid = strtol(at, (char **)&at, 10);
    if (*at == ',') at++;
    snprintf(path, sizeof path, "/proc/%ld/statm", pid);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    unsigned long size = 0, resident = 0;
    if (fscanf(file, "%lu %lu", &size, &resident) == 2) total += resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    fclose(file);
  }
  return total;
}

/* Loopback only; several source addresses so that ports do not run out. */
static inline int open_socket(int index) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  /* The port is chosen at connect, and nothing waits in TIME_WAIT: ten thousand at a time would be searched through. */
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001u + (uint32_t)(index / 20000))};
  if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
  return fd;
}

static inline int connect_to(int port, int index) {
  int fd = open_socket(index);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
  return fd;
}

static inline void write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, bytes, length);
    if (n < 0) {
      if (errno == EINTR) continue;
      die("write");
    }
    bytes += n;
    length -= (size_t)n;
  }
}

static inline void send_upgrade(int fd, int port, const char *path, int protobuf) {
  char request[512];
  int n = snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                   path, port, protobuf ? "Sec-WebSocket-Protocol: centrifuge-protobuf\r\n" : "");
  write_all(fd, request, (size_t)n);
}

/* One masked text frame (mask 0: the payload stays readable, and is valid). */
static inline void send_text(int fd, const char *text, size_t length) {
  char *frame = malloc(length + 14);
  size_t head = 0;
  frame[head++] = (char)0x81;
  if (length < 126) frame[head++] = (char)(0x80 | length);
  else {
    frame[head++] = (char)(0x80 | 126);
    frame[head++] = (char)(length >> 8);
    frame[head++] = (char)length;
  }
  memset(frame + head, 0, 4);
  head += 4;
  memcpy(frame + head, text, length);
  write_all(fd, frame, head + length);
  free(frame);
}

static inline size_t count_byte(const char *bytes, size_t length, char wanted) {
  size_t count = 0;
  const char *at = bytes, *end = bytes + length;
  while (at < end && (at = memchr(at, wanted, (size_t)(end - at))) != NULL) {
    count++;
    at++;
  }
  return count;
}

typedef struct {
  uint32_t *values;
  size_t length, capacity;
} Samples;

static inline void add_sample(Samples *samples, uint64_t us) {
  if (samples->length == samples->capacity) {
    samples->capacity = samples->capacity ? samples->capacity * 2 : 65536;
    samples->values = realloc(samples->values, samples->capacity * sizeof(uint32_t));
  }
  samples->values[samples->length++] = us > 0xffffffffu ? 0xffffffffu : (uint32_t)us;
}

static int compare_samples(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static inline uint32_t sample_at(Samples *samples, double share) {
  if (samples->length == 0) return 0;
  size_t i = (size_t)(share * (double)samples->length);
  return samples->values[i >= samples->length ? samples->length - 1 : i];
}

static inline void sort_samples(Samples *samples) { qsort(samples->values, samples->length, sizeof(uint32_t), compare_samples); }

/* Times after `"t":` in what a sampled socket received, as latency in microseconds. */
static inline void sample_times(Samples *samples, const char *bytes, size_t length, uint64_t now) {
  const char *at = bytes, *end = bytes + length;
  while ((at = memmem(at, (size_t)(end - at), "\"t\":", 4)) != NULL) {
    at += 4;
    uint64_t sent = 0;
    while (at < end && *at >= '0' && *at <= '9') sent = sent * 10 + (uint64_t)(*at++ - '0');
    if (at < end && sent > 0 && sent < now) add_sample(samples, (now - sent) / 1000);
  }
}

static inline const char *option(int argc, char **argv, const char *name, const char *fallback) {
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp(argv[i], name) == 0) return argv[i + 1];
  return fallback;
}
#endif
