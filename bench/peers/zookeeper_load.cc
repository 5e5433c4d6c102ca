// SPDX-License-Identifier: Apache-2.0

// Closed-loop load on a ZooKeeper ensemble with its own C client: zookeeper_load CONNECTIONS SECONDS KEYS HOSTS
//
// KEYS is written once first when it is negative (then the absolute value counts). Prints one JSON object. Operations are
// spread over at most six sessions by the asynchronous calls; each completion issues the next one.
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kSessionsMax = 6;

const std::string value(100, 'v');
int keys = 0;
Clock::time_point end_at;
std::atomic<int> connected{0}, running{0};
std::atomic<long> errors{0};

struct Lane {
  zhandle_t* session = nullptr;
  std::minstd_rand random;
  Clock::time_point sent;
  std::vector<double> latency_us;
};

std::string path(int number) {
  char text[40];
  std::snprintf(text, sizeof text, "/s/site:%015d", number);
  return text;
}

void connected_now(zhandle_t*, int type, int state, const char*, void*) {
  if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE) ++connected;
}

void issue(Lane* lane);

void answered(int code, const Stat*, const void* data) {
  auto* lane = static_cast<Lane*>(const_cast<void*>(data));
  const Clock::time_point now = Clock::now();
  if (code == ZOK)
    lane->latency_us.push_back(std::chrono::duration<double, std::micro>(now - lane->sent).count());
  else
    ++errors;
  if (now >= end_at)
    --running;
  else
    issue(lane);
}

void issue(Lane* lane) {
  lane->sent = Clock::now();
  const std::string name = path(static_cast<int>(lane->random() % static_cast<unsigned>(keys)));
  if (zoo_aset(lane->session, name.c_str(), value.data(), static_cast<int>(value.size()), -1, answered, lane) ==
      ZOK)
    return;
  ++errors;
  --running;
}

void created(int code, const char*, const void*) {
  if (code != ZOK && code != ZNODEEXISTS) ++errors;
  --running;
}

void fill(zhandle_t* session, int count) {
  zoo_create(session, "/s", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, nullptr, 0);
  for (int i = 0; i < count; ++i) {
    while (running > 500) ::usleep(200);
    ++running;
    zoo_acreate(session, path(i).c_str(), value.data(), static_cast<int>(value.size()), &ZOO_OPEN_ACL_UNSAFE, 0,
                created, nullptr);
  }
  while (running > 0) ::usleep(1000);
}

void print(std::vector<Lane>& lanes, double seconds) {
  std::vector<double> all;
  for (const Lane& lane : lanes) all.insert(all.end(), lane.latency_us.begin(), lane.latency_us.end());
  std::sort(all.begin(), all.end());
  const auto quantile = [&all](double q) {
    return all.empty() ? 0 : all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1))];
  };
  std::printf("{\"per_second\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"errors\":%ld}\n",
              static_cast<double>(all.size()) / seconds, quantile(.5), quantile(.99), errors.load());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int connections = std::atoi(argv[1]);
  const double seconds = std::atof(argv[2]);
  keys = std::atoi(argv[3]);
  zoo_set_debug_level(static_cast<ZooLogLevel>(0));
  std::vector<zhandle_t*> sessions;
  for (int i = 0; i < std::min(connections, kSessionsMax); ++i)
    sessions.push_back(zookeeper_init(argv[4], connected_now, 10000, nullptr, nullptr, 0));
  for (int waited = 0; connected < static_cast<int>(sessions.size()); ++waited) {
    if (waited > 20'000) return 1;
    ::usleep(1000);
  }
  if (keys < 0) {
    fill(sessions.front(), -keys);
    return errors > 0 ? 1 : 0;
  }
  std::vector<Lane> lanes(static_cast<std::size_t>(connections));
  running = connections;
  const Clock::time_point begin = Clock::now();
  end_at = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    lanes[i].session = sessions[i % sessions.size()];
    lanes[i].random.seed(static_cast<unsigned>(i + 1));
    issue(&lanes[i]);
  }
  while (running > 0 && Clock::now() < end_at + std::chrono::seconds(15)) ::usleep(1000);
  print(lanes, std::chrono::duration<double>(Clock::now() - begin).count());
  std::fflush(stdout);
  ::_exit(0);  // the sessions expire on their own
}
