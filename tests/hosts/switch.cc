// SPDX-License-Identifier: Apache-2.0

// The network between hosts that are network namespaces: titer_switch NAME=NAMESPACE=ADDRESS…
//
// It opens a TUN device in each namespace, which stands for the host's network card, and carries IPv4 packets between
// them. Each ordered pair of hosts has a rule of its own: cut, a share of packets that are lost, a delay with jitter. So
// links fail one way or both, for one pair or for all, without any help of the kernel's traffic control (netem).
//
// Commands, one line on standard input each, answered by one line. Several parts with ';' between take effect together.
//   FROM TO cut | FROM TO ok | FROM TO [loss PERMILLE] [delay US] [jitter US]     * is every host
//   counts                                                                        FROM TO passed lost, …
// Packets of a pair keep their order also under jitter, as on a line; packets in flight when a pair is cut are
// lost. It ends with its input.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <queue>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t kPacketBytesMax = 65536;
constexpr std::size_t kWaitingMax = 200'000;  // packets on their way; more are lost, as in any switch
constexpr int kPacketsPerTurn = 64;           // of one host, before the others have their turn

struct Rule {
  bool cut = false;
  unsigned loss_permille = 0;
  std::int64_t delay_us = 0, jitter_us = 0;
};

struct Pair {
  Rule rule;
  std::uint64_t passed = 0, lost = 0;
  std::int64_t last_due_us = 0;  // of its newest packet: nothing overtakes it
};

struct Host {
  std::string name;
  std::uint32_t address = 0;  // as in packets
  int card = -1;
};

struct Packet {
  std::int64_t due_us;
  std::uint64_t order;
  std::size_t from, to;
  std::vector<char> bytes;
  bool operator>(const Packet& o) const { return std::pair(due_us, order) > std::pair(o.due_us, o.order); }
};

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "switch: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

std::int64_t now_us() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000LL + t.tv_nsec / 1000;
}

// A network card in another namespace: the device belongs to the namespace in which it was opened.
int open_card(const std::string& name_space) {
  const int there = ::open(name_space.c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0 || ::setns(there, CLONE_NEWNET) != 0) give_up(name_space);
  ::close(there);
  const int card = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (card < 0) give_up("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "net0");
  if (::ioctl(card, TUNSETIFF, &request) != 0) give_up("a card in " + name_space);
  return card;
}

Host host_of(const std::string& word) {
  const std::size_t first = word.find('='), second = word.find('=', first + 1);
  Host host;
  if (second == std::string::npos) give_up(word + ": NAME=NAMESPACE=ADDRESS");
  host.name = word.substr(0, first);
  if (::inet_pton(AF_INET, word.substr(second + 1).c_str(), &host.address) != 1) give_up(word);
  host.card = open_card(word.substr(first + 1, second - first - 1));
  return host;
}

class Switch {
 public:
  explicit Switch(std::vector<Host> hosts) : hosts_(std::move(hosts)), pairs_(hosts_.size() * hosts_.size()) {}

  void run();

 private:
  Pair& pair(std::size_t from, std::size_t to) { return pairs_[from * hosts_.size() + to]; }
  void take(std::size_t from);
  void carry(std::size_t from, const char* bytes, std::size_t size);
  void deliver(std::int64_t now);
  [[nodiscard]] std::optional<timespec> wait() const;
  bool read_commands();
  std::string obey(const std::string& line);
  std::string obey_part(const std::string& part);
  [[nodiscard]] std::string counts() const;

  std::vector<Host> hosts_;
  std::vector<Pair> pairs_;
  std::priority_queue<Packet, std::vector<Packet>, std::greater<>> waiting_;
  std::uint64_t order_ = 0;
  std::string input_;
  std::mt19937_64 chance_{1};  // which packets are lost decides no test: what is true, is true for all of them
};

void Switch::run() {
  std::vector<pollfd> ready(hosts_.size() + 1);
  for (std::size_t i = 0; i < hosts_.size(); ++i) ready[i] = {hosts_[i].card, POLLIN, 0};
  ready.back() = {STDIN_FILENO, POLLIN, 0};
  for (;;) {
    const std::optional<timespec> until = wait();
    if (::ppoll(ready.data(), ready.size(), until ? &*until : nullptr, nullptr) < 0 && errno != EINTR)
      give_up("poll");
    if (ready.back().revents != 0 && !read_commands()) return;
    for (std::size_t i = 0; i < hosts_.size(); ++i)
      if (ready[i].revents != 0) take(i);
    deliver(now_us());
  }
}

// Until the next packet is due; nothing: as long as none comes.
std::optional<timespec> Switch::wait() const {
  if (waiting_.empty()) return std::nullopt;
  const std::int64_t us = std::max<std::int64_t>(0, waiting_.top().due_us - now_us());
  return timespec{us / 1'000'000, us % 1'000'000 * 1000};
}

void Switch::take(std::size_t from) {
  static char bytes[kPacketBytesMax];
  for (int i = 0; i < kPacketsPerTurn; ++i) {
    const ssize_t n = ::read(hosts_[from].card, bytes, sizeof bytes);
    if (n < 20) return;
    carry(from, bytes, static_cast<std::size_t>(n));
  }
}

void Switch::carry(std::size_t from, const char* bytes, std::size_t size) {
  std::uint32_t address = 0;
  std::memcpy(&address, bytes + 16, sizeof address);  // of an IPv4 header: the destination
  if ((bytes[0] & 0xf0) != 0x40) return;
  const auto to = std::find_if(hosts_.begin(), hosts_.end(), [&](const Host& h) { return h.address == address; });
  if (to == hosts_.end()) return;
  const auto index = static_cast<std::size_t>(to - hosts_.begin());
  Pair& way = pair(from, index);
  const Rule& rule = way.rule;
  if (rule.cut || chance_() % 1000 < rule.loss_permille || waiting_.size() >= kWaitingMax) {
    ++way.lost;
    return;
  }
  const std::int64_t spread =
      rule.jitter_us > 0
          ? static_cast<std::int64_t>(chance_() % static_cast<std::uint64_t>(2 * rule.jitter_us + 1)) -
                rule.jitter_us
          : 0;
  way.last_due_us = std::max(way.last_due_us, now_us() + std::max<std::int64_t>(0, rule.delay_us + spread));
  waiting_.push({way.last_due_us, ++order_, from, index, std::vector<char>(bytes, bytes + size)});
}

void Switch::deliver(std::int64_t now) {
  while (!waiting_.empty() && waiting_.top().due_us <= now) {
    const Packet& packet = waiting_.top();
    Pair& way = pair(packet.from, packet.to);
    const bool passed =
        !way.rule.cut && ::write(hosts_[packet.to].card, packet.bytes.data(), packet.bytes.size()) > 0;
    ++(passed ? way.passed : way.lost);
    waiting_.pop();
  }
}

// False: the input has ended.
bool Switch::read_commands() {
  char bytes[4096];
  const ssize_t n = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (n <= 0) return false;
  input_.append(bytes, static_cast<std::size_t>(n));
  for (std::size_t end = 0; (end = input_.find('\n')) != std::string::npos; input_.erase(0, end + 1)) {
    std::printf("%s\n", obey(input_.substr(0, end)).c_str());
    std::fflush(stdout);
  }
  return true;
}

std::string Switch::obey(const std::string& line) {
  if (line == "counts") return counts();
  std::stringstream parts(line);
  for (std::string part; std::getline(parts, part, ';');)
    if (const std::string wrong = obey_part(part); !wrong.empty()) return "error: " + wrong + ": " + part;
  return "ok";
}

// The error in it, or nothing.
std::string Switch::obey_part(const std::string& part) {
  std::stringstream words(part);
  std::string from, to, word;
  Rule rule;
  words >> from >> to;
  while (words >> word) {
    if (word == "cut") rule.cut = true;
    if (word == "cut" || word == "ok") continue;
    std::int64_t value = -1;
    if (!(words >> value) || value < 0) return "a number is missing";
    if (word == "loss")
      rule.loss_permille = static_cast<unsigned>(value);
    else if (word == "delay")
      rule.delay_us = value;
    else if (word == "jitter")
      rule.jitter_us = value;
    else
      return "no such word: " + word;
  }
  bool found = false;
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    for (std::size_t j = 0; j < hosts_.size(); ++j)
      if ((from == "*" || from == hosts_[i].name) && (to == "*" || to == hosts_[j].name)) {
        pair(i, j).rule = rule;
        found = true;
      }
  return found ? "" : "no such host";
}

std::string Switch::counts() const {
  std::string text;
  for (std::size_t i = 0; i < pairs_.size(); ++i)
    if (pairs_[i].passed + pairs_[i].lost > 0)
      text += (text.empty() ? "" : ", ") + hosts_[i / hosts_.size()].name + " " + hosts_[i % hosts_.size()].name +
              " " + std::to_string(pairs_[i].passed) + " " + std::to_string(pairs_[i].lost);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Host> hosts;
  for (int i = 1; i < argc; ++i) hosts.push_back(host_of(argv[i]));
  Switch(std::move(hosts)).run();
  return 0;
}
