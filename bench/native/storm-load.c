/*
 * Storms. N clients connect and subscribe, each with its own token; then they stay for a while (what an idle connection
 * costs), or are cut, miss some publications, come back and recover them. Prints one JSON line.
 *   storm-load --port P --api-key K --tokens FILE --count N --in-flight N --prefix C --channels N --format json|protobuf
 *              --missed N (0: nobody is cut) --settle S --pids 1,2
 */
#include "publishing.h"

int main(int argc, char **argv) {
  raise_file_limit();
  Api api = {.port = atoi(option(argc, argv, "--port", "8000")),
             .payload_bytes = atoi(option(argc, argv, "--payload", "128")),
             .api_path = option(argc, argv, "--api-path", "/api/publish"),
             .api_key = option(argc, argv, "--api-key", "")};
  const char *pids = option(argc, argv, "--pids", "");
  int in_flight = atoi(option(argc, argv, "--in-flight", "500")), missed = atoi(option(argc, argv, "--missed", "0"));
  double settle_s = atof(option(argc, argv, "--settle", "1"));
  Clients clients = {.port = api.port,
                     .count = atoi(option(argc, argv, "--count", "1000")),
                     .channels = atoi(option(argc, argv, "--channels", "1")),
                     .prefix = option(argc, argv, "--prefix", "mem:bench"),
                     .path = option(argc, argv, "--path", "/connection/websocket"),
                     .protobuf = strcmp(option(argc, argv, "--format", "json"), "protobuf") == 0};
  clients.tokens = read_tokens(option(argc, argv, "--tokens", ""), clients.count);

  uint64_t *offsets = calloc((size_t)clients.channels, sizeof(uint64_t));
  char(*epochs)[64] = calloc((size_t)clients.channels, 64), channel[128];
  int publisher = missed > 0 ? connect_to(api.port, 0) : -1;
  for (int c = 0; c < clients.channels && missed > 0; c++) {
    channel_name(&clients, c, channel, sizeof channel);
    publish_and_note(&api, publisher, channel, &offsets[c], epochs[c]);
  }

  uint64_t rss_before = rss_kb_of(pids), cpu = cpu_us_of(pids);
  double wall_s = open_all(&clients, in_flight);
  uint64_t cpu_us = cpu_us_of(pids) - cpu;
  stay(&clients, settle_s);
  uint64_t rss_after = rss_kb_of(pids);

  double recovered_s = 0;
  uint64_t recovered_cpu_us = 0;
  if (missed > 0) {
    cut_all(&clients);
    for (int m = 0; m < missed; m++) broadcast(&api, publisher, &clients);
    /* Every end has been noticed by now, and is not counted as coming back. */
    sleep(1);
    clients.offsets = offsets;
    clients.epochs = epochs;
    clients.recovered_min = missed;
    cpu = cpu_us_of(pids);
    recovered_s = open_all(&clients, in_flight);
    recovered_cpu_us = cpu_us_of(pids) - cpu;
  }
  printf("{\"connect_s\":%.3f,\"connect_cpu_us\":%llu,\"rss_before_kb\":%llu,\"rss_after_kb\":%llu,\"recovered_s\":%.3f,\"recovered_cpu_us\":%llu}\n", wall_s,
         (unsigned long long)cpu_us, (unsigned long long)rss_before, (unsigned long long)rss_after, recovered_s, (unsigned long long)recovered_cpu_us);
  fflush(stdout);
  _exit(0);
}
