/*
 * Fan-out load: N WebSocket subscribers of one channel that only count, and publishers over HTTP, closed-loop or paced.
 * Counts one back-quote a publication, so joined frames count right (a frame's length byte is 0x60 too rarely to matter). Prints one JSON line.
 *   fanout-load --port P --api-port P --api-path /api/publish --api-key K --token T --subs N --channel C --seconds S
 *               --publishers C --rate R (0: closed loop) --payload BYTES --pids 1,2
 */
#include "common.h"

static int port, api_port, payload_bytes;
static double rate;
static const char *channel, *api_key, *api_path;
static volatile int publishing = 0, stopping = 0;
static uint64_t published = 0;

static void *publisher(void *unused) {
  (void)unused;
  int fd = connect_to(api_port, 0);
  char *pad = calloc(1, (size_t)payload_bytes + 1);
  memset(pad, 'x', (size_t)payload_bytes);
  char *request = malloc((size_t)payload_bytes + 2048), answer[8192];
  uint64_t next = now_ns();
  while (!stopping) {
    if (!publishing) {
      usleep(1000);
      next = now_ns();
      continue;
    }
    if (rate > 0) {
      uint64_t now = now_ns();
      if (now < next) usleep((useconds_t)((next - now) / 1000));
      next += (uint64_t)(1e9 / rate);
    }
    char body[payload_bytes + 512];
    int length = snprintf(body, sizeof body, "{\"channel\":\"%s\",\"data\":{\"t\":%llu,\"pad\":\"%s`\"}}", channel, (unsigned long long)now_ns(), pad);
    int n = snprintf(request, (size_t)payload_bytes + 2048,
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-API-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                     api_path, api_port, api_key, length, body);
    write_all(fd, request, (size_t)n);
    size_t have = 0;
    for (;;) {
      ssize_t got = read(fd, answer + have, sizeof answer - have - 1);
      if (got <= 0) die("publisher read");
      have += (size_t)got;
      answer[have] = 0;
      char *head = strstr(answer, "\r\n\r\n");
      if (!head) continue;
      char *field = strcasestr(answer, "content-length:");
      size_t want = field ? strtoul(field + 15, NULL, 10) : 0;
      if (have >= (size_t)(head - answer) + 4 + want) break;
    }
    if (strncmp(answer + 9, "200", 3) != 0 || strstr(answer, "\"error\"")) {
      fprintf(stderr, "publish was answered: %s\n", answer);
      exit(1);
    }
    __atomic_add_fetch(&published, 1, __ATOMIC_RELAXED);
  }
  close(fd);
  return NULL;
}

static Samples probes = {0};

/* Asks /health again and again while the fan-out runs: how long the server's loop keeps others waiting. */
static void *prober(void *unused) {
  (void)unused;
  int fd = connect_to(api_port, 0);
  char request[128], answer[4096];
  int n = snprintf(request, sizeof request, "GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", api_port);
  while (!stopping) {
    uint64_t sent = now_ns();
    write_all(fd, request, (size_t)n);
    if (read(fd, answer, sizeof answer) <= 0) break;
    if (publishing) add_sample(&probes, (now_ns() - sent) / 1000);
    usleep(2000);
  }
  close(fd);
  return NULL;
}

int main(int argc, char **argv) {
  raise_file_limit();
  port = atoi(option(argc, argv, "--port", "8000"));
  api_port = atoi(option(argc, argv, "--api-port", "8000"));
  api_path = option(argc, argv, "--api-path", "/api/publish");
  api_key = option(argc, argv, "--api-key", "");
  channel = option(argc, argv, "--channel", "mem:bench");
  payload_bytes = atoi(option(argc, argv, "--payload", "128"));
  rate = atof(option(argc, argv, "--rate", "0"));
  int subs = atoi(option(argc, argv, "--subs", "1000"));
  int publishers = atoi(option(argc, argv, "--publishers", "1"));
  double seconds = atof(option(argc, argv, "--seconds", "5"));
  const char *token = option(argc, argv, "--token", ""), *pids = option(argc, argv, "--pids", "");
  const char *path = option(argc, argv, "--path", "/connection/websocket");
  int raw = strcmp(option(argc, argv, "--raw", "no"), "yes") == 0;

  int poll = epoll_create1(0);
  int *fds = calloc((size_t)subs, sizeof(int));
  static char buffer[1 << 18];
  char hello[4096];
  int hello_length = snprintf(hello, sizeof hello, "{\"id\":1,\"connect\":{\"token\":\"%s\"}}\n{\"id\":2,\"subscribe\":{\"channel\":\"%s\"}}", token, channel);

  uint64_t rss_before = rss_kb_of(pids), cpu_connect = cpu_us_of(pids), connect_start = now_ns();
  int window = 100;
  for (int first = 0; first < subs; first += window) {
    int last = first + window < subs ? first + window : subs;
    for (int i = first; i < last; i++) {
      fds[i] = connect_to(port, i);
      send_upgrade(fds[i], port, path);
    }
    for (int i = first; i < last; i++) {
      size_t have = 0;
      while (have < 12 || !memmem(buffer, have, "\r\n\r\n", 4)) {
        ssize_t n = read(fds[i], buffer + have, sizeof buffer - have);
        if (n <= 0) die("upgrade");
        have += (size_t)n;
      }
      if (strncmp(buffer + 9, "101", 3) != 0) {
        fprintf(stderr, "upgrade was refused: %.200s\n", buffer);
        return 1;
      }
      if (!raw) send_text(fds[i], hello, (size_t)hello_length);
    }
    for (int i = first; i < last && !raw; i++) {
      size_t have = 0;
      while (!memmem(buffer, have, "\"subscribe\":{", 13)) {
        ssize_t n = read(fds[i], buffer + have, sizeof buffer - have);
        if (n <= 0 || memmem(buffer, have + (size_t)n, "\"error\"", 7)) {
          fprintf(stderr, "subscribe failed: %.*s\n", (int)(have + (size_t)(n > 0 ? n : 0)), buffer);
          return 1;
        }
        have += (size_t)n;
      }
    }
    for (int i = first; i < last; i++) {
      fcntl(fds[i], F_SETFL, O_NONBLOCK);
      struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
      epoll_ctl(poll, EPOLL_CTL_ADD, fds[i], &event);
    }
  }
  double connect_s = (double)(now_ns() - connect_start) / 1e9;
  usleep(300000);
  uint64_t connect_cpu = cpu_us_of(pids) - cpu_connect, rss_after = rss_kb_of(pids);

  pthread_t threads[64];
  for (int i = 0; i < publishers; i++) pthread_create(&threads[i], NULL, publisher, NULL);
  pthread_t probe;
  if (!raw) pthread_create(&probe, NULL, prober, NULL);
  Samples samples = {0};
  struct epoll_event events[512];
  uint64_t delivered = 0, bytes = 0, start = now_ns(), warm = start + 1000000000ull, end = warm + (uint64_t)(seconds * 1e9);
  uint64_t cpu_start = 0, delivered_start = 0, published_start = 0, measured_from = 0, closed = 0;
  publishing = 1;
  for (;;) {
    uint64_t now = now_ns();
    if (measured_from == 0 && now >= warm) {
      measured_from = now;
      cpu_start = cpu_us_of(pids);
      delivered_start = delivered;
      published_start = __atomic_load_n(&published, __ATOMIC_RELAXED);
      samples.length = 0;
    }
    if (now >= end) break;
    int n = epoll_wait(poll, events, 512, 20);
    for (int i = 0; i < n; i++) {
      uint32_t index = events[i].data.u32;
      ssize_t got = read(fds[index], buffer, sizeof buffer);
      if (got <= 0) {
        if (got < 0 && errno == EAGAIN) continue;
        closed++;
        epoll_ctl(poll, EPOLL_CTL_DEL, fds[index], NULL);
        continue;
      }
      bytes += (uint64_t)got;
      delivered += count_byte(buffer, (size_t)got, '`');
      if (index == 0 || index == (uint32_t)subs / 2 || index == (uint32_t)subs - 1) sample_times(&samples, buffer, (size_t)got, now_ns());
    }
  }
  uint64_t cpu = cpu_us_of(pids) - cpu_start, deliveries = delivered - delivered_start;
  uint64_t publications = __atomic_load_n(&published, __ATOMIC_RELAXED) - published_start;
  double measured_s = (double)(now_ns() - measured_from) / 1e9;
  stopping = 1;
  sort_samples(&samples);
  usleep(20000);
  sort_samples(&probes);
  printf("{\"subs\":%d,\"connect_s\":%.3f,\"connect_cpu_us\":%llu,\"rss_before_kb\":%llu,\"rss_after_kb\":%llu,\"seconds\":%.3f,\"publications\":%llu,"
         "\"deliveries\":%llu,\"cpu_us\":%llu,\"latency_p50_us\":%u,\"latency_p99_us\":%u,\"bytes\":%llu,\"closed\":%llu,"
         "\"probe_p99_us\":%u,\"probe_max_us\":%u}\n",
         subs, connect_s, (unsigned long long)connect_cpu, (unsigned long long)rss_before, (unsigned long long)rss_after, measured_s,
         (unsigned long long)publications, (unsigned long long)deliveries, (unsigned long long)cpu, sample_at(&samples, 0.5), sample_at(&samples, 0.99),
         (unsigned long long)bytes, (unsigned long long)closed, sample_at(&probes, 0.99), sample_at(&probes, 1));
  fflush(stdout);
  _exit(0);
}
