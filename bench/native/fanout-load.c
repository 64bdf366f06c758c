/*
 * Fan-out load: N WebSocket subscribers that only count, of one channel or of many, and publishers over HTTP, closed-loop or
 * paced. Publications are counted by the back-quote in each, inside frames only. Prints one JSON line.
 *   fanout-load --port P --api-key K --tokens FILE --subs N --prefix C --channels N --format json|protobuf --seconds S
 *               --publishers C --rate R (a second, all together; 0: closed loop) --payload BYTES --raw yes|no --pids 1,2
 */
#include "publishing.h"

static Api api;
static Clients clients;
static double rate;
static volatile int publishing = 0, stopping = 0;
static uint64_t published = 0, turn = 0;

static void *publisher(void *unused) {
  (void)unused;
  int fd = connect_to(api.port, 0);
  uint64_t next = now_ns();
  char channel[128];
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
    channel_name(&clients, (int)(__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % (uint64_t)clients.channels), channel, sizeof channel);
    publish(&api, fd, channel);
    __atomic_add_fetch(&published, 1, __ATOMIC_RELAXED);
  }
  close(fd);
  return NULL;
}

/* How much of a frame's payload is still to come, by client; a frame's header is never cut in what we send (each is one write). */
static size_t *rest;

/* Back-quotes in the payloads of the frames in these bytes: a header's length byte may look like one. */
static size_t count_publications(size_t *left, const char *bytes, size_t length) {
  size_t count = 0, at = 0;
  while (at < length) {
    if (*left == 0) {
      if (length - at < 4) break;
      size_t n = (unsigned char)bytes[at + 1] & 0x7f;
      at += 2;
      if (n == 126) {
        n = (size_t)(unsigned char)bytes[at] << 8 | (unsigned char)bytes[at + 1];
        at += 2;
      } else if (n == 127) {
        n = 0;
        for (int i = 0; i < 8 && at < length; i++) n = n << 8 | (unsigned char)bytes[at++];
      }
      *left = n;
    }
    size_t part = *left < length - at ? *left : length - at;
    count += count_byte(bytes + at, part, '`');
    at += part;
    *left -= part;
  }
  return count;
}

int main(int argc, char **argv) {
  raise_file_limit();
  api = (Api){.port = atoi(option(argc, argv, "--port", "8000")),
              .payload_bytes = atoi(option(argc, argv, "--payload", "128")),
              .api_path = option(argc, argv, "--api-path", "/api/publish"),
              .api_key = option(argc, argv, "--api-key", "")};
  rate = atof(option(argc, argv, "--rate", "0"));
  int subs = atoi(option(argc, argv, "--subs", "1000")), publishers = atoi(option(argc, argv, "--publishers", "1"));
  double seconds = atof(option(argc, argv, "--seconds", "5"));
  const char *pids = option(argc, argv, "--pids", "");
  clients = (Clients){.port = api.port,
                      .count = subs,
                      .channels = atoi(option(argc, argv, "--channels", "1")),
                      .prefix = option(argc, argv, "--prefix", "mem:bench"),
                      .path = option(argc, argv, "--path", "/connection/websocket"),
                      .protobuf = strcmp(option(argc, argv, "--format", "json"), "protobuf") == 0,
                      .raw = strcmp(option(argc, argv, "--raw", "no"), "yes") == 0};
  if (!clients.raw) clients.tokens = read_tokens(option(argc, argv, "--tokens", ""), subs);
  rest = calloc((size_t)subs, sizeof(size_t));
  open_all(&clients, 200);
  stay(&clients, 0.3);

  pthread_t threads[64];
  rate /= publishers;
  for (int i = 0; i < publishers; i++) pthread_create(&threads[i], NULL, publisher, NULL);
  Samples samples = {0};
  struct epoll_event events[512];
  static char buffer[1 << 18];
  uint64_t delivered = 0, start = now_ns(), warm = start + 1000000000ull, end = warm + (uint64_t)(seconds * 1e9);
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
    int n = epoll_wait(clients.poll, events, 512, 20);
    for (int i = 0; i < n; i++) {
      uint32_t index = events[i].data.u32;
      int fd = clients.all[index].fd;
      ssize_t got = read(fd, buffer, sizeof buffer);
      if (got <= 0) {
        if (got < 0 && errno == EAGAIN) continue;
        closed++;
        epoll_ctl(clients.poll, EPOLL_CTL_DEL, fd, NULL);
        continue;
      }
      if (rest[index] == 0 && answered_ping(&clients, fd, buffer, (size_t)got)) continue;
      delivered += count_publications(&rest[index], buffer, (size_t)got);
      int is_sampled = clients.channels > 1 || index == 0 || index == (uint32_t)subs / 2 || index == (uint32_t)subs - 1;
      if (is_sampled) sample_times(&samples, buffer, (size_t)got, now_ns());
    }
  }
  uint64_t cpu = cpu_us_of(pids) - cpu_start, deliveries = delivered - delivered_start;
  uint64_t publications = __atomic_load_n(&published, __ATOMIC_RELAXED) - published_start;
  double measured_s = (double)(now_ns() - measured_from) / 1e9;
  stopping = 1;
  sort_samples(&samples);
  printf("{\"seconds\":%.3f,\"publications\":%llu,\"deliveries\":%llu,\"cpu_us\":%llu,\"latency_p50_us\":%u,\"latency_p99_us\":%u,\"closed\":%llu}\n", measured_s,
         (unsigned long long)publications, (unsigned long long)deliveries, (unsigned long long)cpu, sample_at(&samples, 0.5), sample_at(&samples, 0.99),
         (unsigned long long)closed);
  fflush(stdout);
  _exit(0);
}
