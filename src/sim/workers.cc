// SPDX-License-Identifier: Apache-2.0

#include "sim/workers.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "base/bytes.h"

namespace titer::sim {

namespace {

// --- a report through a pipe: a length, then this

void write_report(ByteWriter& w, const Finding& finding) {
  const Report& r = finding.report;
  w.u8(static_cast<std::uint8_t>(finding.outcome));
  w.u64(r.seed);
  w.text(r.verdict.checker);
  w.text(r.verdict.what);
  w.i64(r.verdict.at);
  for (std::size_t i = 0; i < kMarks; ++i) w.u64(r.marks.count(static_cast<CoverageMark>(i)));
  w.u64(r.digest);
  w.i64(r.simulated_us);
  for (const std::uint64_t n :
       {r.events, r.messages, r.executed, r.answered, r.reads, r.views, r.operations, r.unknown})
    w.u64(n);
}

Finding read_report(ByteReader in) {
  Finding finding;
  Report& r = finding.report;
  finding.outcome = static_cast<Outcome>(in.u8());
  r.seed = in.u64();
  r.verdict.checker = in.text();
  r.verdict.what = in.text();
  r.verdict.at = in.i64();
  for (std::size_t i = 0; i < kMarks; ++i) r.marks.add(static_cast<CoverageMark>(i), in.u64());
  r.digest = in.u64();
  r.simulated_us = in.i64();
  for (std::uint64_t* n :
       {&r.events, &r.messages, &r.executed, &r.answered, &r.reads, &r.views, &r.operations, &r.unknown})
    *n = in.u64();
  return finding;
}

// --- the child

bool same(const Report& a, const Report& b) {
  return a.digest == b.digest && a.events == b.events && a.executed == b.executed &&
         a.verdict.what == b.verdict.what;
}

Finding run_seed(std::uint64_t seed, bool twice) {
  const Plan plan(seed);
  Finding finding{Outcome::kPassed, run(plan)};
  if (finding.report.verdict.kind == Verdict::Kind::kSafety) finding.outcome = Outcome::kSafety;
  if (finding.report.verdict.kind == Verdict::Kind::kLiveness) finding.outcome = Outcome::kLiveness;
  if (!twice || same(finding.report, run(plan))) return finding;
  finding.outcome = Outcome::kNondeterminism;
  finding.report.verdict.checker = "determinism";
  finding.report.verdict.what = "a second run of the same seed went otherwise";
  return finding;
}

void write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) ::_exit(1);
    if (n > 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

[[noreturn]] void work(int fd, const SeedBatch& batch, std::size_t from, std::size_t stride) {
  for (std::size_t i = from; i < batch.seeds.size(); i += stride) {
    const bool twice = batch.seeds[i] % batch.twice_every == 0;
    Bytes bytes;
    ByteWriter w(bytes);
    w.u32(0);
    write_report(w, run_seed(batch.seeds[i], twice));
    w.patch_u32(0, static_cast<std::uint32_t>(bytes.size() - 4));
    write_all(fd, bytes);
  }
  ::_exit(0);
}

// --- the parent

struct Child {
  pid_t pid = -1;
  int fd = -1;
  std::size_t next = 0;  // index of the seed it works on
  Bytes bytes;
};

void start(Child& child, const SeedBatch& batch, std::size_t stride) {
  int ends[2];
  std::fflush(nullptr);
  if (::pipe(ends) != 0) return;
  child.pid = ::fork();
  if (child.pid == 0) {
    ::close(ends[0]);
    work(ends[1], batch, child.next, stride);
  }
  ::close(ends[1]);
  child.fd = ends[0];
  child.bytes.clear();
}

void add(Sum& sum, const Finding& finding, bool twice) {
  const Report& r = finding.report;
  ++sum.seeds;
  if (twice) ++sum.twice;
  sum.marks += r.marks;
  sum.simulated_us += twice ? 2 * r.simulated_us : r.simulated_us;
  sum.events += r.events;
  sum.messages += r.messages;
  sum.executed += r.executed;
  sum.answered += r.answered;
  sum.reads += r.reads;
  sum.views += r.views;
  sum.operations += r.operations;
  sum.unknown += r.unknown;
  if (finding.outcome != Outcome::kPassed) sum.findings.push_back(finding);
}

// False: the pipe has ended.
bool read_some(Child& child) {
  std::byte buffer[1 << 16];
  const ssize_t n = ::read(child.fd, buffer, sizeof buffer);
  if (n < 0) return errno == EINTR;
  child.bytes.insert(child.bytes.end(), buffer, buffer + n);
  return n > 0;
}

std::string how_it_ended(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status)) return "the process was ended by signal " + std::to_string(WTERMSIG(status));
  return "the process ended with code " + std::to_string(WEXITSTATUS(status));
}

class Parent {
 public:
  Parent(const SeedBatch& batch, const std::function<void(const Finding&)>& seen)
      : batch_(batch), seen_(seen), children_(std::max(1U, batch.jobs)) {}
  Sum run();

 private:
  void drain(Child& child);
  void ended(Child& child);
  void take(const Finding& finding);
  [[nodiscard]] bool enough() const { return sum_.findings.size() >= batch_.stop_after; }

  const SeedBatch& batch_;
  const std::function<void(const Finding&)>& seen_;
  std::vector<Child> children_;
  Sum sum_;
};

void Parent::take(const Finding& finding) {
  add(sum_, finding, finding.report.seed % batch_.twice_every == 0);
  if (seen_) seen_(finding);
}

void Parent::drain(Child& child) {
  while (child.bytes.size() >= 4) {
    ByteReader in(child.bytes);
    const std::uint32_t size = in.u32();
    if (in.left() < size) return;
    take(read_report(ByteReader(in.raw(size))));
    child.bytes.erase(child.bytes.begin(), child.bytes.begin() + 4 + size);
    child.next += children_.size();
  }
}

void Parent::ended(Child& child) {
  ::close(std::exchange(child.fd, -1));
  const std::string how = how_it_ended(std::exchange(child.pid, -1));
  if (child.next >= batch_.seeds.size()) return;
  Finding finding{Outcome::kCrash, {}};
  finding.report.seed = batch_.seeds[child.next];
  finding.report.verdict.checker = "crash";
  finding.report.verdict.what = how;
  take(finding);
  child.next += children_.size();
  if (!enough() && child.next < batch_.seeds.size()) start(child, batch_, children_.size());
}

Sum Parent::run() {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    children_[i].next = i;
    if (i < batch_.seeds.size()) start(children_[i], batch_, children_.size());
  }
  while (!enough()) {
    std::vector<pollfd> fds;
    std::vector<Child*> of;
    for (Child& child : children_) {
      if (child.fd < 0) continue;
      fds.push_back({child.fd, POLLIN, 0});
      of.push_back(&child);
    }
    if (fds.empty()) break;
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) break;
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].revents == 0) continue;
      const bool more = read_some(*of[i]);
      drain(*of[i]);
      if (!more) ended(*of[i]);
    }
  }
  for (Child& child : children_) {
    if (child.pid <= 0) continue;
    ::kill(child.pid, SIGKILL);
    (void)how_it_ended(child.pid);
    ::close(child.fd);
  }
  return std::move(sum_);
}

}  // namespace

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed: return "passed";
    case Outcome::kCrash: return "crash";
    case Outcome::kSafety: return "safety";
    case Outcome::kLiveness: return "liveness";
    case Outcome::kNondeterminism: return "nondeterminism";
  }
  return "?";
}

Sum run_many(const SeedBatch& batch, const std::function<void(const Finding&)>& seen) {
  return Parent(batch, seen).run();
}

std::vector<CoverageMark> never_hit(const CoverageMarks& marks) {
  std::vector<CoverageMark> out;
  for (std::size_t i = 0; i < kMarks; ++i)
    if (marks.count(static_cast<CoverageMark>(i)) == 0) out.push_back(static_cast<CoverageMark>(i));
  return out;
}

}  // namespace titer::sim
