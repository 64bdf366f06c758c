/*
 * The floor of fan-out: one thread, epoll, one send() a delivery, nothing else. A WebSocket upgrade makes a subscriber; a
 * POST is answered at once and its body's "data" goes to every subscriber as one text frame.
 *   floor --port P
 */
#include "common.h"

#define CONNECTIONS_MAX 70000
static unsigned char subscriber[CONNECTIONS_MAX];
static int list[CONNECTIONS_MAX], count = 0;

static void publish(const char *body, size_t length) {
  static char frame[1 << 17];
  const char *data = memmem(body, length, "\"data\":", 7);
  if (!data) return;
  data += 7;
  size_t n = length - (size_t)(data - body) - 1, head = 0;
  frame[head++] = (char)0x81;
  if (n < 126) frame[head++] = (char)n;
  else {
    frame[head++] = 126;
    frame[head++] = (char)(n >> 8);
    frame[head++] = (char)n;
  }
  memcpy(frame + head, data, n);
  for (int i = 0; i < count; i++) (void)!send(list[i], frame, head + n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int main(int argc, char **argv) {
  raise_file_limit();
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(option(argc, argv, "--port", "9100"))), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0) die("bind");
  if (listen(listener, 4096) < 0) die("listen");
  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  static char buffer[1 << 17];
  for (;;) {
    int n = epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int accepted = accept(listener, NULL, NULL);
        if (accepted < 0 || accepted >= CONNECTIONS_MAX) continue;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        event = (struct epoll_event){.events = EPOLLIN, .data.fd = accepted};
        epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &event);
        continue;
      }
      ssize_t got = read(fd, buffer, sizeof buffer - 1);
      if (got <= 0) {
        if (subscriber[fd]) {
          for (int k = 0; k < count; k++)
            if (list[k] == fd) list[k] = list[--count];
          subscriber[fd] = 0;
        }
        close(fd);
        continue;
      }
      if (subscriber[fd]) continue;
      buffer[got] = 0;
      if (strncmp(buffer, "GET", 3) == 0) {
        const char *answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        (void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        subscriber[fd] = 1;
        list[count++] = fd;
      } else {
        const char *answer = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"result\":{}}";
        (void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        char *body = strstr(buffer, "\r\n\r\n");
        if (body) publish(body + 4, (size_t)(got - (body + 4 - buffer)));
      }
    }
  }
}
