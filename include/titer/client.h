// SPDX-License-Identifier: Apache-2.0

// titer::Client: the client library. This header, types.h and result.h are all of it.
//
//   auto client = titer::Client::connect({.replicas = {"127.0.0.1:8892", "127.0.0.1:8893"}});
//   if (!client) return fail(client.error());
//   auto reserved = client->write(titer::Reserve{.site = titer::by_name("Elm Street Clinic"), .doses = 2});
//   if (!reserved) return fail(reserved.error());
//
// Failures. A Client is connected to one replica. It goes to another one when that replica dies, is silent for a second or
// cannot serve; it learns the addresses of all members by itself. A write that has no answer yet is sent again under the
// same number. The replicas execute a number once, and answer a repetition from memory. A refusal (kNotEnough, kForbidden,
// …) is returned as it is. If no replica answers within the timeout, the error is kUnavailable (the write was not executed) or
// kOutcomeUnknown (it may have been executed: read before you repeat it).
//
// Reads. An answer shows every write that was answered before the question was sent, by any client and at any replica. So
// a program reads its own writes. The positions in the answers are the proof of it. To rely on a position that another
// program has seen, or that was seen before a restore from a backup, pass it as `at_least`.
//
// Threads. The library starts no threads; all work is done inside the calls. Only one thread at a time may use a Client or a
// Watch. Different objects are independent, and connecting is cheap. For many concurrent writes from one thread use submit().
// After fork() only one of the two processes may use or destroy an existing Client.
//
// Limits: a write has at most 256 KiB, write_all() 1,024 operations, a page 2,000 rows.
#pragma once

#include <titer/result.h>
#include <titer/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace TITER_NAMESPACE {

// Files in PEM.
struct Tls {
  std::string ca = {};                             // the cluster's authority; empty: those that this system trusts
  std::string certificate = {}, private_key = {};  // to present, both or none
};

struct Options {
  // HOST:PORT, [IPv6]:PORT, PORT (on this machine) or unix:/PATH; tried in this order. One is enough to begin with.
  std::vector<std::string> replicas = {};
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  // for one answer, over all attempts
  std::optional<Tls> tls = {};                                   // nullopt: plain
  std::string key = {};     // titer_…, as `titer key create` shows it; empty: without a key
  std::string actor = {};   // the default actor in the history; WriteOptions::actor overrides it
  bool only_these = false;  // never connect to a replica that is not in `replicas`
};

// Every change after a position, in order, each once, also while replicas fail. Independent of the Client that it is from.
class TITER_EXPORT Watch {
 public:
  Watch(Watch&& other) noexcept;
  Watch& operator=(Watch&& other) noexcept;
  ~Watch();

  // The next change; nullopt: there was none within `wait`. Errors: kTooOld: the history no longer reaches back
  // to this position, or the cluster was restored or has lost writes since, so that positions stand for other changes. Read all
  // sites, then watch from the position of that answer. kUnavailable: no replica was there for the timeout; the next call
  // continues to look for one.
  [[nodiscard]] Result<std::optional<Change>> next(std::chrono::milliseconds wait);
  // All changes up to here have been returned. A watch from this position goes on where this one is, in another process too.
  [[nodiscard]] Position position() const;
  // What the position belongs to: another number after a restore, and after writes were lost. 0: no replica has answered yet.
  [[nodiscard]] std::uint64_t stream() const;

 private:
  friend class Client;
  struct TITER_HIDDEN Impl;
  TITER_HIDDEN explicit Watch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class TITER_EXPORT Client {
 public:
  // Errors: kInvalid (an option), kUnauthorized (the key is not known), kUnavailable (no replica answers).
  [[nodiscard]] static Result<Client> connect(const Options& options);
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  ~Client();

  // Executes one operation. A refusal (kNotEnough, kDuplicate, …) changes nothing.
  [[nodiscard]] Result<Outcome> write(const Operation& operation, const WriteOptions& options = {});
  // Executes all or nothing, at one position. A refusal names the operation (Error::part).
  [[nodiscard]] Result<Outcome> write_all(const std::vector<Operation>& operations,
                                          const WriteOptions& options = {});

  // Queues a write. wait() sends the queued writes, up to 256 at a time and in no particular order, and calls `done` once for
  // each. `done` may call submit(), but no other function of this Client (kInvalid), and must not throw.
  using Done = std::function<void(const Result<Outcome>& outcome)>;
  void submit(const Operation& operation, Done done, const WriteOptions& options = {});
  // Until none is left.
  void wait();

  // kUnavailable: no replica has reached `at_least` within the timeout.
  [[nodiscard]] Result<SiteAt> get(const SiteRef& site, Position at_least = {});
  [[nodiscard]] Result<SitePage> list(const List& query, Position at_least = {});
  [[nodiscard]] Result<NearPage> near(const Near& query, Position at_least = {});
  [[nodiscard]] Result<ChangePage> history(const History& query, Position at_least = {});
  // The current position of the cluster, to watch from there on.
  [[nodiscard]] Result<Position> position();

  // Begins with the first change after `since`. Connects when it is first asked for one. `stream`: that of the watch from which
  // `since` was stored; 0: not checked, and the first replica to answer says it.
  [[nodiscard]] Result<Watch> watch(Position since, std::uint64_t stream = 0) const;

  // The address of the replica in use.
  [[nodiscard]] std::string replica() const;

 private:
  struct TITER_HIDDEN Impl;
  TITER_HIDDEN explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace TITER_NAMESPACE
