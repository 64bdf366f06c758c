/* Publications over the HTTP API on connections that stay open. */
#ifndef FLEETCAST_BENCH_PUBLISHING_H
#define FLEETCAST_BENCH_PUBLISHING_H
#include "clients.h"

typedef struct {
  int port, payload_bytes;
  const char *api_path, *api_key;
} Api;

/* One request, its answer read to the end; it must be a success. */
static inline void call(const Api *api, int fd, const char *path, const char *body, size_t length, char *answer, size_t size) {
  char head[512];
  int n = snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-API-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                   path, api->port, api->api_key, length);
  char *request = malloc((size_t)n + length);
  memcpy(request, head, (size_t)n);
  memcpy(request + n, body, length);
  write_all(fd, request, (size_t)n + length);
  free(request);
  size_t have = 0;
  for (;;) {
    ssize_t got = read(fd, answer + have, size - have - 1);
    if (got <= 0) die("publisher read");
    have += (size_t)got;
    answer[have] = 0;
    char *end = strstr(answer, "\r\n\r\n"), *field = strcasestr(answer, "content-length:");
    if (!end) continue;
    if (field ? have >= (size_t)(end - answer) + 4 + strtoul(field + 15, NULL, 10) : strstr(end, "\r\n0\r\n\r\n") != NULL) break;
  }
  if (strncmp(answer + 9, "200", 3) != 0 || strstr(answer, "\"error\"")) failed("publish was answered", answer, have);
}

/* A payload says when it was sent, and ends with x`" for whoever counts. */
static inline size_t payload_of(const Api *api, char *out, size_t size) {
  int pad = api->payload_bytes < 4096 ? api->payload_bytes : 4096;
  size_t length = (size_t)snprintf(out, size, "{\"t\":%llu,\"pad\":\"", (unsigned long long)now_ns());
  memset(out + length, 'x', (size_t)pad);
  length += (size_t)pad;
  return length + (size_t)snprintf(out + length, size - length, "x`\"}");
}

static inline void publish(const Api *api, int fd, const char *channel) {
  char body[8192], answer[8192];
  size_t length = (size_t)snprintf(body, sizeof body, "{\"channel\":\"%s\",\"data\":", channel);
  length += payload_of(api, body + length, sizeof body - length);
  body[length++] = '}';
  call(api, fd, api->api_path, body, length, answer, sizeof answer);
}

/* The same publication into every channel, in one request. */
static inline void broadcast(const Api *api, int fd, const Clients *clients) {
  size_t size = (size_t)clients->channels * 256 + 8192;
  char *body = malloc(size), *answer = malloc(size), channel[128];
  size_t length = (size_t)snprintf(body, size, "{\"channels\":[");
  for (int c = 0; c < clients->channels; c++) {
    channel_name(clients, c, channel, sizeof channel);
    length += (size_t)snprintf(body + length, size - length, "%s\"%s\"", c == 0 ? "" : ",", channel);
  }
  length += (size_t)snprintf(body + length, size - length, "],\"data\":");
  length += payload_of(api, body + length, size - length);
  body[length++] = '}';
  call(api, fd, "/api/broadcast", body, length, answer, size);
  free(body);
  free(answer);
}

/* Where a channel stands, from the answer to a publish. */
static inline void publish_and_note(const Api *api, int fd, const char *channel, uint64_t *offset, char *epoch) {
  char body[512], answer[4096];
  size_t length = (size_t)snprintf(body, sizeof body, "{\"channel\":\"%s\",\"data\":{}}", channel);
  call(api, fd, api->api_path, body, length, answer, sizeof answer);
  char *at = strstr(answer, "\"offset\":"), *name = strstr(answer, "\"epoch\":\"");
  if (!at || !name) failed("publish answered no position", answer, strlen(answer));
  *offset = strtoull(at + 9, NULL, 10);
  sscanf(name + 9, "%63[^\"]", epoch);
}
#endif
