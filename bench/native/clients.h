/*
 * WebSocket clients of the Centrifugo protocol, JSON or Protobuf, many in one thread: each connects with its own token and
 * subscribes to one channel. What is shared by the loads that need thousands of them.
 */
#ifndef FLEETCAST_BENCH_CLIENTS_H
#define FLEETCAST_BENCH_CLIENTS_H
#include "common.h"

enum { CLIENT_NEW, CLIENT_CONNECTING, CLIENT_UPGRADING, CLIENT_JOINING, CLIENT_READY, CLIENT_CLOSED };

typedef struct {
  int fd;
  unsigned char state;
  /* What it received while it was opening. */
  char *have;
  size_t length, capacity;
} Client;

typedef struct {
  int port, count, poll, protobuf, raw;
  /* Channels are `<prefix>` where there is one, else `<prefix><n>`; client i has channel i modulo their number. */
  int channels;
  const char *prefix, *path;
  char **tokens;
  /* Recovery: what each channel's position was; NULL where nobody recovers. */
  const uint64_t *offsets;
  char (*epochs)[64];
  /* A recovering client is ready when it has that many publications. */
  int recovered_min;
  Client *all;
} Clients;

static inline int channel_name(const Clients *clients, int channel, char *out, size_t size) {
  return clients->channels == 1 ? snprintf(out, size, "%s", clients->prefix) : snprintf(out, size, "%s%d", clients->prefix, channel);
}

/* One token a line: as many as there are clients, so that nobody can remember having checked one. */
static inline char **read_tokens(const char *path, int count) {
  FILE *file = fopen(path, "r");
  if (!file) die(path);
  char **tokens = calloc((size_t)count, sizeof(char *)), line[4096];
  for (int i = 0; i < count; i++) {
    if (!fgets(line, sizeof line, file)) {
      fprintf(stderr, "%s has fewer than %d tokens\n", path, count);
      exit(1);
    }
    line[strcspn(line, "\r\n")] = 0;
    tokens[i] = strdup(line);
  }
  fclose(file);
  return tokens;
}

static inline size_t put_varint(char *out, uint64_t value) {
  size_t n = 0;
  while (value > 127) {
    out[n++] = (char)(value | 0x80);
    value >>= 7;
  }
  out[n++] = (char)value;
  return n;
}

static inline size_t put_field(char *out, int field, const char *bytes, size_t length) {
  size_t n = put_varint(out, (uint64_t)(field << 3 | 2));
  n += put_varint(out + n, length);
  memcpy(out + n, bytes, length);
  return n + length;
}

/* A Protobuf command with its length in front: id, then the request in its field. */
static inline size_t put_command(char *out, int id, int field, const char *request, size_t length) {
  char command[4096];
  size_t n = put_varint(command, 1 << 3);
  n += put_varint(command + n, (uint64_t)id);
  n += put_field(command + n, field, request, length);
  size_t head = put_varint(out, n);
  memcpy(out + head, command, n);
  return head + n;
}

/* Connect and subscribe in one frame. */
static inline size_t hello_of(const Clients *clients, int i, char *out, size_t size) {
  char channel[128], request[4096];
  int c = i % clients->channels;
  size_t name = (size_t)channel_name(clients, c, channel, sizeof channel);
  if (!clients->protobuf) {
    char recover[256] = "";
    if (clients->offsets)
      snprintf(recover, sizeof recover, ",\"recover\":true,\"offset\":%llu,\"epoch\":\"%s\"", (unsigned long long)clients->offsets[c], clients->epochs[c]);
    return (size_t)snprintf(out, size, "{\"id\":1,\"connect\":{\"token\":\"%s\"}}\n{\"id\":2,\"subscribe\":{\"channel\":\"%s\"%s}}", clients->tokens[i], channel,
                            recover);
  }
  size_t n = put_field(request, 1, clients->tokens[i], strlen(clients->tokens[i]));
  size_t length = put_command(out, 1, 4, request, n);
  n = put_field(request, 1, channel, name);
  if (clients->offsets) {
    n += put_varint(request + n, 3 << 3);
    n += put_varint(request + n, 1);
    n += put_field(request + n, 6, clients->epochs[c], strlen(clients->epochs[c]));
    n += put_varint(request + n, 7 << 3);
    n += put_varint(request + n, clients->offsets[c]);
  }
  return length + put_command(out + length, 2, 5, request, n);
}

/* One masked frame (mask 0: the payload stays readable, and is valid). */
static inline void send_frame(int fd, int opcode, const char *payload, size_t length) {
  char frame[8192];
  size_t head = 0;
  frame[head++] = (char)(0x80 | opcode);
  if (length < 126) frame[head++] = (char)(0x80 | length);
  else {
    frame[head++] = (char)(0x80 | 126);
    frame[head++] = (char)(length >> 8);
    frame[head++] = (char)length;
  }
  memset(frame + head, 0, 4);
  head += 4;
  memcpy(frame + head, payload, length);
  write_all(fd, frame, head + length);
}

/* Pings come alone when nothing else is said; whoever does not answer is closed after some seconds. */
static inline int answered_ping(const Clients *clients, int fd, const char *bytes, size_t length) {
  if (clients->protobuf && length == 3 && memcmp(bytes, "\x82\x01\x00", 3) == 0) send_frame(fd, 2, "\0", 1);
  else if (!clients->protobuf && length == 4 && memcmp(bytes, "\x81\x02{}", 4) == 0) send_frame(fd, 1, "{}", 2);
  else return 0;
  return 1;
}

static inline void failed(const char *what, const char *bytes, size_t length) {
  fprintf(stderr, "%s: %.*s\n", what, (int)(length > 600 ? 600 : length), bytes);
  exit(1);
}

/* Payload of the WebSocket frame at *at, which is moved behind it; NULL where it is not whole yet. */
static inline const char *next_frame(const char *bytes, size_t length, size_t *at, size_t *size) {
  if (length < *at + 2) return NULL;
  size_t head = *at + 2, n = (unsigned char)bytes[*at + 1] & 0x7f;
  if (n == 126) {
    if (length < head + 2) return NULL;
    n = (size_t)(unsigned char)bytes[head] << 8 | (unsigned char)bytes[head + 1];
    head += 2;
  } else if (n == 127) {
    if (length < head + 8) return NULL;
    n = 0;
    for (int i = 0; i < 8; i++) n = n << 8 | (unsigned char)bytes[head + (size_t)i];
    head += 8;
  }
  if (length < head + n) return NULL;
  *at = head + n;
  *size = n;
  return bytes + head;
}

/* Whether the reply to the subscribe command is in this frame. */
static inline int has_joined(const Clients *clients, const char *frame, size_t size) {
  if (!clients->protobuf) {
    if (memmem(frame, size, "\"error\":{", 9)) failed("refused", frame, size);
    return memmem(frame, size, "\"subscribe\":{", 13) != NULL;
  }
  for (size_t at = 0; at < size;) {
    uint64_t n = 0;
    for (int shift = 0; at < size; shift += 7) {
      unsigned char byte = (unsigned char)frame[at++];
      n |= (uint64_t)(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (n > 2 && frame[at] == 8 && frame[at + 2] == 0x12) failed("refused", frame + at, n);
    if (n > 2 && frame[at] == 8 && frame[at + 1] == 2) return 1;
    at += n;
  }
  return 0;
}

static inline int is_ready(const Clients *clients, Client *client) {
  const char *end = memmem(client->have, client->length, "\r\n\r\n", 4);
  size_t at = (size_t)(end + 4 - client->have), size = 0;
  int joined = 0;
  const char *frame;
  while ((frame = next_frame(client->have, client->length, &at, &size))) joined |= has_joined(clients, frame, size);
  if (!joined) return 0;
  if (!clients->offsets || clients->recovered_min == 0) return 1;
  int publications = 0;
  for (const char *mark = client->have; (mark = memmem(mark, (size_t)(client->have + client->length - mark), "x`\"", 3)); mark += 3) publications++;
  return publications >= clients->recovered_min;
}

static inline void start_client(Clients *clients, int i) {
  Client *client = &clients->all[i];
  client->fd = open_socket(i);
  fcntl(client->fd, F_SETFL, O_NONBLOCK);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)clients->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(client->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) die("connect");
  client->state = CLIENT_CONNECTING;
  client->length = 0;
  struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (uint32_t)i};
  if (epoll_ctl(clients->poll, EPOLL_CTL_ADD, client->fd, &event) < 0) die("epoll_ctl");
}

static inline void take_opening(Clients *clients, int i) {
  Client *client = &clients->all[i];
  if (client->state == CLIENT_CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) errno = error, die("connect");
    send_upgrade(client->fd, clients->port, clients->path, clients->protobuf);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
    epoll_ctl(clients->poll, EPOLL_CTL_MOD, client->fd, &event);
    client->state = CLIENT_UPGRADING;
    return;
  }
  if (client->capacity < client->length + 4096) client->have = realloc(client->have, client->capacity = client->capacity ? client->capacity * 2 : 8192);
  ssize_t got = read(client->fd, client->have + client->length, client->capacity - client->length);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) failed("closed while it was opening", client->have, client->length);
  client->length += (size_t)got;
  if (client->state == CLIENT_UPGRADING && memmem(client->have, client->length, "\r\n\r\n", 4)) {
    if (strncmp(client->have + 9, "101", 3) != 0) failed("upgrade was refused", client->have, client->length);
    client->state = clients->raw ? CLIENT_READY : CLIENT_JOINING;
    char hello[4096];
    if (!clients->raw) send_frame(client->fd, clients->protobuf ? 2 : 1, hello, hello_of(clients, i, hello, sizeof hello));
  }
  if (client->state == CLIENT_JOINING && is_ready(clients, client)) client->state = CLIENT_READY;
  if (client->state != CLIENT_READY) return;
  free(client->have);
  client->have = NULL;
  client->capacity = 0;
}

static inline void take_ready(Clients *clients, int i) {
  static char waste[1 << 16];
  Client *client = &clients->all[i];
  ssize_t got = read(client->fd, waste, sizeof waste);
  if (got > 0) answered_ping(clients, client->fd, waste, (size_t)got);
  else if (got == 0 || errno != EAGAIN) failed("closed while others were opening", "", 0);
}

/* Opens all, so many at a time, until the last one has joined its channel. Answers the seconds. */
static inline double open_all(Clients *clients, int in_flight_max) {
  if (clients->poll == 0) clients->poll = epoll_create1(0);
  if (!clients->all) clients->all = calloc((size_t)clients->count, sizeof(Client));
  struct epoll_event events[512];
  uint64_t start = now_ns(), heard = start;
  int started = 0, ready = 0;
  while (ready < clients->count) {
    while (started < clients->count && started - ready < in_flight_max) start_client(clients, started++);
    int n = epoll_wait(clients->poll, events, 512, 100);
    if (n > 0) heard = now_ns();
    else if (now_ns() - heard > 20000000000ull) failed("nothing comes any more while clients are opening", "", 0);
    for (int k = 0; k < n; k++) {
      int i = (int)events[k].data.u32;
      if (clients->all[i].state == CLIENT_READY) {
        take_ready(clients, i);
        continue;
      }
      take_opening(clients, i);
      if (clients->all[i].state == CLIENT_READY) ready++;
    }
  }
  return (double)(now_ns() - start) / 1e9;
}

/* Cut without a word, as a network does. */
static inline void cut_all(Clients *clients) {
  for (int i = 0; i < clients->count; i++) {
    close(clients->all[i].fd);
    clients->all[i].state = CLIENT_NEW;
  }
}

/* Reads for so long, and answers pings. */
static inline void stay(Clients *clients, double seconds) {
  struct epoll_event events[512];
  uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
  while (now_ns() < end) {
    int n = epoll_wait(clients->poll, events, 512, 50);
    for (int k = 0; k < n; k++) take_ready(clients, (int)events[k].data.u32);
  }
}
#endif
