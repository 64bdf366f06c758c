/*
 * The whole way: D machines speak MQTT QoS 1 and S screens listen over WebSocket, both on raw sockets in this process, so
 * one clock times publish -> PUBACK and publish -> screen. Prints one JSON line.
 *   way-load --mqtt-port P --ws-port P --token T --machines D --screens S --rate R (messages a second over all; 0: closed loop)
 *            --window W (unacknowledged a machine) --seconds S --pids 1,2 --prefix VM-B-
 */
#include "common.h"

#define MACHINES_MAX 1000
#define WINDOW_MAX 4096

typedef struct {
  int fd;
  char id[64], topic[128];
  uint16_t next_packet;
  uint64_t sent_at[65536];
  uint64_t seq;
  int unacked;
  unsigned char in[4096];
  size_t have;
} Machine;

static Machine *machines[MACHINES_MAX];
static char boot[16];

static size_t put_length(unsigned char *at, size_t length) {
  size_t n = 0;
  do {
    unsigned char digit = length % 128;
    length /= 128;
    at[n++] = digit | (length ? 0x80 : 0);
  } while (length);
  return n;
}

static void mqtt_connect(Machine *machine, int port, int index) {
  machine->fd = connect_to(port, index);
  unsigned char packet[512], body[400];
  size_t n = 0, id = strlen(machine->id);
  memcpy(body + n, "\0\4MQTT\4\x82\0\x3c", 10);
  n += 10;
  for (int twice = 0; twice < 2; twice++) {
    body[n++] = (unsigned char)(id >> 8);
    body[n++] = (unsigned char)id;
    memcpy(body + n, machine->id, id);
    n += id;
  }
  packet[0] = 0x10;
  size_t head = 1 + put_length(packet + 1, n);
  memcpy(packet + head, body, n);
  write_all(machine->fd, (char *)packet, head + n);
  unsigned char answer[4];
  size_t have = 0;
  while (have < 4) {
    ssize_t got = read(machine->fd, answer + have, 4 - have);
    if (got <= 0) die("CONNACK");
    have += (size_t)got;
  }
  if (answer[3] != 0) {
    fprintf(stderr, "CONNACK code %d\n", answer[3]);
    exit(1);
  }
}

static int publish(Machine *machine) {
  char payload[512];
  unsigned char packet[1024];
  uint64_t now = now_ns();
  machine->seq++;
  int length = snprintf(payload, sizeof payload,
                        "{\"id\":\"%s\",\"system\":{\"voltage\":%.1f,\"door_closed\":true},\"environment\":{\"temps\":[-18.5,-18.2]},"
                        "\"ts\":\"2026-01-26T14:50:00Z\",\"boot\":\"%s\",\"seq\":%llu,\"t\":%llu,\"mark\":\"`\"}",
                        machine->id, 220.0 + (double)(machine->seq % 70) / 10, boot, (unsigned long long)machine->seq, (unsigned long long)now);
  size_t topic = strlen(machine->topic), rest = 2 + topic + 2 + (size_t)length;
  packet[0] = 0x32;
  size_t n = 1 + put_length(packet + 1, rest);
  packet[n++] = (unsigned char)(topic >> 8);
  packet[n++] = (unsigned char)topic;
  memcpy(packet + n, machine->topic, topic);
  n += topic;
  if (++machine->next_packet == 0) machine->next_packet = 1;
  packet[n++] = (unsigned char)(machine->next_packet >> 8);
  packet[n++] = (unsigned char)machine->next_packet;
  memcpy(packet + n, payload, (size_t)length);
  n += (size_t)length;
  size_t done = 0;
  while (done < n) {
    ssize_t wrote = send(machine->fd, packet + done, n - done, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EAGAIN) {
      usleep(50);
      continue;
    }
    if (wrote <= 0) die("publish");
    done += (size_t)wrote;
  }
  machine->sent_at[machine->next_packet] = now;
  machine->unacked++;
  return 1;
}

static uint64_t take_acks(Machine *machine, Samples *samples) {
  uint64_t acked = 0;
  for (;;) {
    ssize_t got = recv(machine->fd, machine->in + machine->have, sizeof machine->in - machine->have, MSG_DONTWAIT);
    if (got == 0) {
      fprintf(stderr, "%s: connection closed by the broker\n", machine->id);
      exit(1);
    }
    if (got < 0) return acked;
    machine->have += (size_t)got;
    size_t at = 0;
    uint64_t now = now_ns();
    while (machine->have - at >= 2 && machine->have - at >= 2u + machine->in[at + 1]) {
      if ((machine->in[at] & 0xf0) == 0x40) {
        uint16_t packet = (uint16_t)(machine->in[at + 2] << 8 | machine->in[at + 3]);
        add_sample(samples, (now - machine->sent_at[packet]) / 1000);
        machine->unacked--;
        acked++;
      }
      at += 2u + machine->in[at + 1];
    }
    memmove(machine->in, machine->in + at, machine->have - at);
    machine->have -= at;
  }
}

int main(int argc, char **argv) {
  raise_file_limit();
  int mqtt_port = atoi(option(argc, argv, "--mqtt-port", "1883")), ws_port = atoi(option(argc, argv, "--ws-port", "8000"));
  int count = atoi(option(argc, argv, "--machines", "50")), screens = atoi(option(argc, argv, "--screens", "1"));
  int window = atoi(option(argc, argv, "--window", "100"));
  double rate = atof(option(argc, argv, "--rate", "1000")), seconds = atof(option(argc, argv, "--seconds", "5"));
  const char *token = option(argc, argv, "--token", ""), *pids = option(argc, argv, "--pids", ""), *prefix = option(argc, argv, "--prefix", "VM-B-");
  if (count > MACHINES_MAX || count > 120) {
    fprintf(stderr, "at most 120 machines: a connection holds at most 128 channels\n");
    return 1;
  }
  snprintf(boot, sizeof boot, "%llx", (unsigned long long)(now_ns() & 0xffffffffffull));

  int poll = epoll_create1(0);
  struct epoll_event event, events[256];
  int *ws = calloc((size_t)screens + 1, sizeof(int));
  static char buffer[1 << 18];
  for (int i = 0; i < screens; i++) {
    ws[i] = connect_to(ws_port, i);
    send_upgrade(ws[i], ws_port, "/connection/websocket", 0);
    size_t have = 0;
    while (!memmem(buffer, have, "\r\n\r\n", 4)) {
      ssize_t n = read(ws[i], buffer + have, sizeof buffer - have);
      if (n <= 0) die("upgrade");
      have += (size_t)n;
    }
    char *hello = malloc(65536);
    int n = snprintf(hello, 65536, "{\"id\":1,\"connect\":{\"token\":\"%s\"}}", token);
    for (int m = 0; m < count; m++) n += snprintf(hello + n, 65536 - (size_t)n, "\n{\"id\":%d,\"subscribe\":{\"channel\":\"telemetry:%s%03d\"}}", m + 2, prefix, m + 1);
    send_text(ws[i], hello, (size_t)n);
    free(hello);
    size_t subscribed = 0;
    while (subscribed < (size_t)count) {
      ssize_t got = read(ws[i], buffer, sizeof buffer);
      if (got <= 0 || memmem(buffer, (size_t)got, "\"error\"", 7)) {
        fprintf(stderr, "subscribe failed: %.*s\n", (int)(got > 0 ? got : 0), buffer);
        return 1;
      }
      for (char *at = buffer; (at = memmem(at, (size_t)(buffer + got - at), "\"subscribe\":{", 13)) != NULL; at += 13) subscribed++;
    }
    event = (struct epoll_event){.events = EPOLLIN, .data.u32 = 0x80000000u | (uint32_t)i};
    epoll_ctl(poll, EPOLL_CTL_ADD, ws[i], &event);
  }
  for (int i = 0; i < count; i++) {
    Machine *machine = machines[i] = calloc(1, sizeof(Machine));
    snprintf(machine->id, sizeof machine->id, "%s%03d", prefix, i + 1);
    snprintf(machine->topic, sizeof machine->topic, "vm/%s/telemetry", machine->id);
    mqtt_connect(machine, mqtt_port, i);
    event = (struct epoll_event){.events = EPOLLIN, .data.u32 = (uint32_t)i};
    epoll_ctl(poll, EPOLL_CTL_ADD, machine->fd, &event);
  }

  Samples acks = {0}, ways = {0};
  uint64_t sent = 0, acked = 0, delivered = 0, closed = 0, held = 0;
  uint64_t start = now_ns(), warm = start + 1500000000ull, end = warm + (uint64_t)(seconds * 1e9);
  uint64_t cpu_start = 0, sent_start = 0, acked_start = 0, delivered_start = 0, measured_from = 0;
  int turn = 0;
  for (;;) {
    uint64_t now = now_ns();
    if (measured_from == 0 && now >= warm) {
      measured_from = now;
      cpu_start = cpu_us_of(pids);
      sent_start = sent, acked_start = acked, delivered_start = delivered;
      acks.length = ways.length = 0;
    }
    if (now >= end) break;
    uint64_t due = rate > 0 ? (uint64_t)((double)(now - start) / 1e9 * rate) : UINT64_MAX;
    int budget = 2000, full = 0;
    while (sent + held < due && budget-- > 0 && full < count) {
      Machine *machine = machines[turn];
      turn = (turn + 1) % count;
      if (machine->unacked >= window) {
        full++;
        continue;
      }
      full = 0;
      publish(machine);
      sent++;
    }
    int n = epoll_wait(poll, events, 256, rate > 0 ? 1 : 0);
    for (int i = 0; i < n; i++) {
      uint32_t index = events[i].data.u32;
      if (index & 0x80000000u) {
        int fd = ws[index & 0x7fffffffu];
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got <= 0) {
          closed++;
          epoll_ctl(poll, EPOLL_CTL_DEL, fd, NULL);
          continue;
        }
        delivered += count_byte(buffer, (size_t)got, '`');
        sample_times(&ways, buffer, (size_t)got, now_ns());
      } else {
        acked += take_acks(machines[index], &acks);
      }
    }
  }
  uint64_t cpu = cpu_us_of(pids) - cpu_start;
  double measured_s = (double)(now_ns() - measured_from) / 1e9;
  sort_samples(&acks);
  sort_samples(&ways);
  printf("{\"machines\":%d,\"screens\":%d,\"rate\":%.0f,\"seconds\":%.3f,\"sent\":%llu,\"acked\":%llu,\"delivered\":%llu,\"cpu_us\":%llu,"
         "\"puback_p50_us\":%u,\"puback_p99_us\":%u,\"screen_p50_us\":%u,\"screen_p99_us\":%u,\"screen_max_us\":%u,\"closed\":%llu,\"rss_kb\":%llu}\n",
         count, screens, rate, measured_s, (unsigned long long)(sent - sent_start), (unsigned long long)(acked - acked_start),
         (unsigned long long)(delivered - delivered_start), (unsigned long long)cpu, sample_at(&acks, 0.5), sample_at(&acks, 0.99), sample_at(&ways, 0.5),
         sample_at(&ways, 0.99), sample_at(&ways, 1), (unsigned long long)closed, (unsigned long long)rss_kb_of(pids));
  return 0;
}
